"""Dossiers are listed from their pages alone, and bounded."""

from dataclasses import replace
from pathlib import Path

import pytest

from securenet_obs.oncall.dossiers import listing
from securenet_obs.oncall.dossiers.listing import Dossier, list_dossiers, write_page

ONE = Dossier(
    name="20261127T080000Z-1",
    at="2026-11-27T08:00:00.000000Z",
    alert='<b>"quoted" & long</b>' + "x" * 200,
    source="sentry",
    runbooks=("redis_is_full", "redis_refuses_writes"),
    outcome="ambiguous",
    next_command='securenet-obs runbooks find "OOM"',
    seconds=4.2,
)


def test_a_dossier_is_listed_as_it_was_written(tmp_path: Path) -> None:
    """The newest first; the folder may be absent, and other files are left out."""
    folder = tmp_path / "new" / "folder"
    assert list_dossiers(folder) == []
    second = replace(ONE, name="20261127T090000Z-2", runbooks=())
    for dossier in (ONE, second):
        write_page(folder, dossier, "<p>seen</p>")
    (folder / "other.html").write_text("<html>")
    (folder / "broken.html").write_text('<meta name="securenet-dossier" content="[1]">')
    assert list_dossiers(folder) == [second, ONE]
    assert ONE.to_row()["runbook"] == "redis_is_full or redis_refuses_writes"


def test_a_page_loads_nothing_and_escapes_the_alert(tmp_path: Path) -> None:
    page = write_page(tmp_path, ONE, "<p>seen</p>").read_text()
    assert "default-src 'none'" in page
    assert "<b>" not in page.split("<body>")[0]
    assert page.endswith("<p>seen</p></body></html>\n")


def test_the_oldest_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_DOSSIERS", 2)
    for number in range(4):
        write_page(tmp_path, replace(ONE, name=f"2026112{number}"), "")
    assert [dossier.name for dossier in list_dossiers(tmp_path)] == ["20261123", "20261122"]
