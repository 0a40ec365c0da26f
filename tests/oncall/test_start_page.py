"""The start page of on-call shows the target, runbooks, dossiers and the last validations."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.oncall.dossiers.listing import Dossier, write_page
from securenet_obs.oncall.history import History
from securenet_obs.oncall.identity import describe_target
from securenet_obs.oncall.shown import Shown
from securenet_obs.oncall.start_page import (
    StartPage,
    open_start_page,
    show_dashboard,
)
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]
NOWHERE = {"redis_url": "redis://127.0.0.1:1/0", "api_url": "http://127.0.0.1:1"}

Page = Callable[..., StartPage]


@pytest.fixture
def html(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the HTML of each table that is shown, beside its text on stdout."""
    pages: list[str] = []

    def keep(shown: Shown) -> None:
        pages.append(shown.html)
        print(shown)

    monkeypatch.setattr("securenet_obs.oncall.shown.show", keep)
    return pages


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """Return a function that makes the page of a target that does not answer."""
    own = {**NOWHERE, "dossiers_folder": str(tmp_path / "dossiers")}
    return lambda **given: StartPage(Settings(**{**own, **given}), PROJECT, tmp_path)


def test_a_target_that_is_down_is_described(
    page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last action is shown, and each part that does not answer is a sentence."""
    down = page(oncall_contacts="the platform team")
    target = describe_target(down.settings)
    common = {"runbook": "worker_is_gone", "who": "ann", "target": target, "outcome": "done"}
    History(tmp_path).append("after", does="restart w1", result="restarted", **common)
    down.show_target()
    shown = capsys.readouterr().out
    assert "the platform team" in shown
    assert "by ann: restart w1: restarted" in shown
    assert "acting (redis)  unknown, the incident lock cannot be read" in shown
    assert "acting (store)" in shown
    down.glance()
    first, api = capsys.readouterr().out.splitlines()
    assert "REDIS_URL" in first
    assert "127.0.0.1:1" in api


def test_every_runbook_is_linked_by_its_symptoms(
    page: Page, html: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The link is relative to the page; the guides are no runbooks."""
    page().show_runbooks()
    names = {path.stem for path in (PROJECT / "runbooks").glob("[!0]*.ipynb")}
    shown = capsys.readouterr().out
    for name in names:
        assert f'<a href="{name}.ipynb">{name}</a>' in html[0]
        assert name in shown
    assert "the depth of a queue rises" in html[0]
    assert "00_start_here" not in html[0]


def test_dossiers_and_validations_are_linked_and_the_newest_comes_first(
    page: Page, html: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any, a sentence says so."""
    page().show_dossiers(5)
    page().show_validations(5)
    assert "no dossiers yet" in html[0]
    assert "no run is on record" in html[1]
    for number, name in enumerate(("old", "new")):
        at = f"2026-01-0{number + 1}T00:00:00+00:00"
        facts = (at, f"alert {name}", "sentry", (), "no runbook", "", 1.0)
        write_page(tmp_path / "dossiers", Dossier(f"{number}-{name}", *facts), "<p>seen</p>")
        (tmp_path / name).mkdir()
        run = {"run": f"{name}-1", "notebook": name, "verdict": "passed"}
        started = f"2026-01-0{number + 1}T00:00:00Z"
        summary = json.dumps({"runs": [{**run, "started": started}]})
        (tmp_path / name / "run.json").write_text(summary)
    page().show_dossiers(1)
    page().show_validations(1)
    assert 'href="../evidence/dossiers/1-new.html"' in html[2]
    assert 'href="../evidence/new/new-1.html"' in html[3]
    assert "old" not in html[2] + html[3]
    assert "2026-01-02 00:00Z" in capsys.readouterr().out


def test_the_dashboard_of_a_stack_has_its_login(
    stack: LocalStack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fresh_settings: None,
) -> None:
    """That of another target has its address; the page finds runbooks beside a notebook."""
    show_dashboard(Settings(sentry_url="https://sentry.example"))
    assert capsys.readouterr().out == "dashboard  https://sentry.example\n"
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(PROJECT / "notebooks")
    opened = open_start_page()
    show_dashboard(opened.settings)
    assert stack.dashboard[2] in capsys.readouterr().out
    opened.show_runbooks()
    assert "worker_is_gone" in capsys.readouterr().out
    opened.glance()
    shown = capsys.readouterr().out
    assert "broker ok, results ok, store ok" in shown
    assert "workers that answer" in shown
