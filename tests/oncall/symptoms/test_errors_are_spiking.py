"""Each cause of spiking errors has its row and its step; a verification needs enough outcomes."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.symptoms import errors_are_spiking
from securenet_obs.oncall.symptoms.errors_are_spiking import ErrorsAreSpiking
from securenet_obs.probes.errors.issues import Issue, IssueEvent
from securenet_obs.settings import Settings

NOW = datetime.now(UTC)
PAGE = "https://sentry.example/9/"
ENDPOINT = "POST /v1/tenants/{tenant_id}/logs"


class Shelf:
    """A backend with some issues."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def list_recent(self, since: datetime, deadline_s: float) -> list[Issue]:
        """Return the issues."""
        return self.issues

    def read(self, name: str, deadline_s: float) -> Issue:
        """Return an issue by its name."""
        return next(issue for issue in self.issues if issue.name == name)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Return the backend of the test: a real one has no issue on demand without a stack."""
    shelf = Shelf()
    monkeypatch.setattr(errors_are_spiking, "open_issues", lambda _settings: shelf)
    return shelf


@pytest.fixture
def submit(tmp_path: Path) -> Callable[..., None]:
    """Return a function that appends the lines of requests to the API's log."""
    (tmp_path / "api.log").touch()

    def append(release: str, failed: int, total: int, *, service: str = "securenet-api") -> None:
        with (tmp_path / "api.log").open("a") as file:
            for number in range(total):
                common = {
                    "timestamp": datetime.now(UTC).isoformat(),
                    "service": service,
                    "release": release,
                    "request_id": f"{release}-{number}",
                    "tenant_id": "acme",
                    "trace_id": "t-1",
                }
                if number < failed:
                    line = {"event": "request_failed", "sentry_event_id": f"{number:032x}"}
                    file.write(json.dumps(common | line) + "\n")
                end = {"event": "request_finished", "status": 500 if number < failed else 202}
                route = {"method": "POST", "path": "/v1/tenants/acme/logs"}
                file.write(json.dumps(common | end | route) + "\n")

    return append


@pytest.fixture
def look(tmp_path: Path, shelf: Shelf) -> Callable[..., tuple[ErrorsAreSpiking, list[Row]]]:
    """Return a function that looks at the log; it returns the symptom and the rows that apply."""

    def look(**options: str) -> tuple[ErrorsAreSpiking, list[Row]]:
        settings = Settings(log_source=str(tmp_path), sentry_backend="sentry")
        symptom = ErrorsAreSpiking(settings, deadline_s=0.1, **options)  # type: ignore[arg-type]
        symptom.look()
        symptom.issues()
        return symptom, [row for row in symptom.decide() if row.applies]

    return look


def issue(name: str, events: int, first_id: int = 0) -> Issue:
    """Return an issue with events of now."""
    ids = range(first_id, first_id + events)
    rows = tuple(IssueEvent(f"{number:032x}", NOW, f"{PAGE}{number}") for number in ids)
    return Issue(
        name.lower(), name, "KeyError: 'array'", NOW - timedelta(hours=1), False, PAGE, rows
    )


def test_a_release_that_fails_is_rolled_back(look, submit, shelf: Shelf) -> None:
    """Its issue is shown with release, tenant and endpoint, its newest event with its trace."""
    submit("r1", 0, 50)
    submit("r2", 20, 40)
    shelf.issues = [issue("WEB-1", 20)]
    symptom, (row,) = look()
    assert row.finding == f"release r2 of securenet-api fails at {ENDPOINT}"
    assert row.why == "in r2 20 of 40 failed (50%); former release: in r1 0 of 50 failed (0%)"
    assert isinstance(row.step, Manual)
    assert row.step.command == "roll_back service=securenet-api"
    assert symptom.failing_services == ["securenet-api"]
    (shown,) = symptom.issues().to_dict("records")
    assert (shown["places"], shown["tenants"]) == (f"{ENDPOINT} of r2", "acme")
    assert shown["events"] == 20
    (link,) = symptom.links().to_dict("records")
    assert (link["trace"], link["request"], link["page"]) == ("t-1", "r2-0", f"{PAGE}0")
    (failures,) = symptom.look().to_dict("records")
    assert (failures["release"], failures["failed"], failures["of"]) == ("r2", 20, 40)


def test_the_rate_must_fall_certainly(look, submit) -> None:
    """Neither too few requests, nor a share that is still high, is a repair."""
    submit("r1", 0, 50)
    submit("r2", 20, 40)
    symptom, _ = look()
    assert not symptom.verify_rate().passed
    assert not symptom.verify_release().passed
    for failed, total, expected in ((0, 3, False), (10, 40, False), (0, 40, True)):
        verifying = replaced_clock(symptom, submit, failed, total)
        assert verifying.passed is expected
        assert f"after: {failed} of {total} failed" in verifying.observed
    assert symptom.verify_release().observed == "securenet-api before: r2; now: r1"
    assert symptom.verify_release().passed


def replaced_clock(symptom: ErrorsAreSpiking, submit: Callable[..., None], failed: int, total: int):
    """Verify the rate while requests arrive."""
    original = errors_are_spiking.read_outcomes
    sent = iter([True])

    def read(source: str):
        if next(sent, False):
            submit("r1", failed, total)
        return original(source)

    errors_are_spiking.read_outcomes = read
    try:
        return symptom.verify_rate()
    finally:
        errors_are_spiking.read_outcomes = original


def test_failures_that_no_release_explains_are_followed(look, submit) -> None:
    """No roll-back is offered; the newest failure is the one to follow."""
    submit("r2", 20, 40)
    symptom, (row,) = look()
    assert "and its release does not explain it" in row.finding
    assert isinstance(row.step, Manual)
    assert row.step.command.endswith("-p request_id=r2-19")
    assert symptom.verify_rate().observed == "no release was at fault"
    assert symptom.verify_release().passed


def test_an_issue_without_failures_is_left_to_a_person(look, submit, shelf: Shelf) -> None:
    """Events that are those of failed requests do not count; a muted issue is silent."""
    submit("r1", 5, 500)
    shelf.issues = [issue("WEB-1", 54), issue("WEB-2", 50, 100), issue("WEB-3", 50, 200)]
    shelf.issues[2] = replace(shelf.issues[2], is_muted=True)
    _, (row,) = look()
    assert row.finding == "issue WEB-2 spikes, and nothing fails"
    assert isinstance(row.step, Manual)
    assert row.step.command == "securenet-obs run errors_are_spiking -p mute=WEB-2"


def test_a_named_issue_is_muted(look, submit, shelf: Shelf) -> None:
    """The verification reads whether it is."""
    submit("r1", 0, 50)
    shelf.issues = [issue("WEB-2", 30, 100)]
    symptom, (row,) = look(mute="WEB-2")
    assert row.finding == "issue WEB-2 is to be muted"
    assert isinstance(row.step, Action)
    assert not symptom.verify_muted().passed
    shelf.issues = [replace(shelf.issues[0], is_muted=True)]
    assert symptom.verify_muted().passed
    assert look(mute="WEB-2")[1] == []


def test_a_healthy_target_needs_no_action(look, submit) -> None:
    """A few failures are in the table, and no row applies."""
    submit("r1", 2, 50)
    symptom, rows = look()
    assert rows == []
    assert symptom.failing_services == []
    assert len(symptom.look()) == 1
    assert symptom.links().empty
    assert symptom.verify_muted().passed
