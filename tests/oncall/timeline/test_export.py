"""The export of a timeline holds its tenant's entries, no secret, and nothing of another tenant."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from securenet_obs.errors import ActionError
from securenet_obs.oncall.timeline.entry import Entry, order
from securenet_obs.oncall.timeline.export import (
    build_document,
    build_markdown,
    export_timeline,
    locate,
    read_export,
)
from securenet_obs.oncall.timeline.subject import Subject
from securenet_obs.oncall.timeline.timeline import Timeline
from securenet_obs.redaction import MASK

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
SECRET = "snk_" + "a1B2c3D4" * 5
PLANTED = (f"Authorization: Bearer {SECRET}", f"redis://user:{SECRET}@cache/0", f"api_key={SECRET}")


def timeline(*entries: Entry) -> Timeline:
    """Return the timeline of a tenant."""
    subject = Subject("request-1", "acme", NOW - timedelta(hours=1), NOW)
    return Timeline(subject, order(entries), 0, ["acme"])


@pytest.fixture(autouse=True)
def evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the evidence of a run be in a folder of the test."""
    folder = tmp_path / "evidence" / "run"
    monkeypatch.setenv("SECURENET_OBS_EVIDENCE", str(folder))
    return folder


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("field", ["event", "where", "detail", "service"])
def test_planted_secrets_are_masked(evidence: Path, field: str, planted: str) -> None:
    """In both files, in whichever field a source has put them."""
    entry = Entry(NOW, "log", **{"service": "api", "event": "x", field: planted})  # type: ignore[arg-type]
    export_timeline(timeline(entry)).run()
    texts = [path.read_text() for path in evidence.iterdir()]
    assert len(texts) == 2
    assert not [text for text in texts if SECRET in text]
    assert all(MASK in text for text in texts)


def test_entries_are_in_the_order_of_their_times(evidence: Path) -> None:
    """Both files have all of them; only the owner may read these; a repetition replaces them."""
    entries = [
        Entry(NOW, "result", "", "FAILURE", task_id="t-1", event_id="e-1", has_failed=True),
        Entry(NOW - timedelta(seconds=1), "log", "api", "logs_accepted", where="POST /a|b"),
    ]
    action = export_timeline(timeline(*entries))
    assert action.read_state() == {"subject": "request request-1 of tenant acme", "tenant": "acme"}
    assert action.run() == action.run()
    exported = read_export(timeline(*entries))
    assert [row["event"] for row in exported.entries] == ["logs_accepted", "FAILURE"]
    assert json.loads(exported.texts[0])["tenant"] == "acme"
    assert "| logs_accepted at POST /a\\|b |" in exported.texts[1]
    assert {path.name for path in evidence.iterdir()} == {path.name for path in exported.paths}
    assert {os.stat(path).st_mode & 0o777 for path in exported.paths} == {0o600}


def test_a_file_that_cannot_be_written_is_an_error(evidence: Path) -> None:
    """So is one that cannot be read, or that is another one."""
    evidence.parent.mkdir()
    evidence.write_text("a file")
    with pytest.raises(ActionError, match="cannot be written"):
        export_timeline(timeline()).run()
    evidence.unlink()
    with pytest.raises(ActionError, match="cannot be read"):
        read_export(timeline())
    export_timeline(timeline()).run()
    locate(timeline())[0].write_text("{}")
    with pytest.raises(ActionError, match="cannot be read"):
        read_export(timeline())


def test_without_a_run_the_files_are_beside_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in JupyterLab."""
    monkeypatch.delenv("SECURENET_OBS_EVIDENCE")
    monkeypatch.setenv("SECURENET_OBS_EVIDENCE_ROOT", str(tmp_path))
    assert {path.parent for path in locate(timeline())} == {tmp_path}


def test_a_page_names_subject_and_period() -> None:
    """A reader knows what it is about."""
    page = build_markdown(build_document(timeline()))
    assert page.startswith("# What happened to request request-1 of tenant acme\n")
    assert "From 2026-11-27T09:00:00Z to 2026-11-27T10:00:00Z, UTC." in page
