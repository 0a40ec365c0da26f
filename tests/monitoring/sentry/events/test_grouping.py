"""Issues of events: one error is one issue whatever its fields are; different errors are not."""

import textwrap
from typing import Any

import pytest

from securenet_obs.monitoring.sentry.events.grouping import fingerprint_of
from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from securenet_obs.probes.http.json_api import JsonApi
from securenet_obs.processes.polling import Deadline, poll_until
from securenet_obs.stack.local_stack import LocalStack
from tests.monitoring.sentry.program import BEGIN

ERRORS = """
    theirs = logging.getLogger("theirs")

    def charge(number):
        raise ValueError(f"card {number} was refused")

    def refund(number):
        if number % 2:
            raise ValueError(f"refund {number} of nothing")
        raise ValueError(f"refund {number} came twice")

    def attempt(function, number, name, by=log):
        try:
            function(number)
        except Exception:
            by.error(name, exc_info=True)

    def look_up(number):
        return {}[number]

    for number in range(4):
        sentry_sdk.get_global_scope().set_tag("number", number)
        log.error("payment_failed", number=number)
        log.error("payment %s is late", number)
        log.error("payment %s is missing", number)
        theirs.error("payment %s refused", number)
        theirs.error("payment %(n)d returned", {"n": number})
        attempt(charge, number, "charge_failed")
        attempt(charge, number, "charge_failed_again")
        attempt(look_up, number, "charge_failed")
        attempt(refund, number, "refund_failed")
        attempt(charge, number, f"standard charge")
        capture_error(LookupError(f"never raised {number}"))
        with report_errors():
            raise DiagnosticError(f"canary {number}")
        flush_sentry(10)
"""

ISSUES = 13
"""Distinct errors above; `refund` has two, each with half of the events."""


def issues(events: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """Return the distinct fingerprints of events."""
    return {tuple(event["fingerprint"]) for event in events}


def test_one_error_has_one_fingerprint(run: Any, sentry: SentryRecorder) -> None:
    """Fields, arguments and the values in exception texts are not part of it."""
    finished = run(BEGIN + ERRORS, SENTRY_DSN=sentry.dsn)
    assert finished.code == 0, finished.stderr
    assert len(sentry.events) == 48
    assert len(issues(sentry.events)) == ISSUES
    assert ("payment_failed",) in issues(sentry.events)
    assert ("payment %s refused",) in issues(sentry.events)


def test_a_fingerprint_of_the_service_is_kept(run: Any, sentry: SentryRecorder) -> None:
    """A scope's own fingerprint takes precedence."""
    run(
        BEGIN
        + """
    sentry_sdk.get_current_scope().fingerprint = ["own", "{{ default }}"]
    log.error("failed")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert sentry.events[0]["fingerprint"] == ["own", "{{ default }}"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"exception": None},
        {"exception": {"values": [None, 7]}},
        {"exception": {"values": [{"stacktrace": {"frames": [{}, {"lineno": "x"}]}}]}},
        {"exception": [{"type": 7, "stacktrace": None}]},
    ],
)
def test_any_event_has_a_fingerprint(event: dict[str, Any]) -> None:
    """A malformed event does not raise."""
    fingerprint = fingerprint_of(event, "name")
    assert fingerprint is not None
    assert fingerprint[0] == "name"


def test_a_long_name_keeps_its_difference() -> None:
    """Names that differ only beyond the stored length remain different."""
    first, second = (fingerprint_of({}, "n" * 5_000 + end) for end in "ab")
    assert first != second
    assert first is not None
    assert len(first[0]) < 300


def test_the_place_survives_a_new_line_above(tmp_path: Any) -> None:
    """A line number that changes with a release does not change the fingerprint."""
    file = tmp_path / "service.py"
    file.write_text("def pay():\n    raise ValueError\n")
    frame = {"module": "service", "function": "pay", "abs_path": str(file), "lineno": 2}
    event = {"exception": {"values": [{"type": "E", "stacktrace": {"frames": [frame]}}]}}
    before = fingerprint_of(event, None)
    moved = tmp_path / "moved.py"
    moved.write_text("# a comment\n" + file.read_text())
    frame |= {"abs_path": str(moved), "lineno": 3}
    assert fingerprint_of(event, None) == before
    frame |= {"lineno": 2}
    assert fingerprint_of(event, None) != before


@pytest.mark.stack
def test_one_error_is_one_issue(run: Any, stack: LocalStack) -> None:
    """A real Bugsink stores four events in each issue."""
    api = JsonApi(
        stack.environment["SENTRY_URL"],
        "SENTRY_URL",
        stack.environment["SENTRY_AUTH_TOKEN"],
        "SENTRY_AUTH_TOKEN",
    )
    # The newest issues first: those of other tests fill the first page, which has 250.
    newest = {"project": stack.environment["SENTRY_PROJECT"], "order": "desc"}

    def counts() -> dict[str, int]:
        rows = api.get("/api/canonical/0/issues/", newest, deadline=Deadline.after(30))["results"]
        return {row["id"]: row["digested_event_count"] for row in rows}

    before = counts()
    finished = run(BEGIN + textwrap.dedent(ERRORS).replace("\n", "\n    "), **stack.environment)
    assert finished.code == 0, finished.stderr

    def added() -> list[int]:
        now = counts()
        return sorted(
            now[each] - before.get(each, 0) for each in now if now[each] != before.get(each)
        )

    expected = [2, 2, *([4] * (ISSUES - 2))]
    assert poll_until(lambda: added() == expected, deadline_s=60, interval_s=0.5), added()
