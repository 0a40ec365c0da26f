"""Suites: the case of each outcome, and the details of each case."""

from typing import Any

import pytest

from securenet_obs.runner.evidence.suites import VERDICT_CASE, Case, suites
from securenet_obs.runner.record.journal import Event
from securenet_obs.runner.record.runs import CommandRecord
from securenet_obs.runner.record.verdict import Verdict


def event(kind: str, second: float = 0.0, /, **fields: Any) -> Event:
    return {"event": kind, "at": f"2026-01-02T03:04:{second:09.6f}Z", "run": "r", **fields}


def started(**fields: Any) -> Event:
    facts = {"notebook": "n", "path": "n.ipynb", "kind": "validation", "attempt": 1}
    return event("run_started", **{**facts, "declared": [], "parameters": {}, **fields})


def check(name: str, outcome: str, second: float = 0.0) -> Event:
    return event("check", second, cell=2, name=name, outcome=outcome, expected="1", observed="2")


def cases_of(*events: Event) -> dict[str, Case]:
    verdict = Verdict(events[-1]["verdict"])
    (suite,) = suites(CommandRecord().fold(events), verdict)
    return {case.name: case for case in suite.cases}


def test_a_checks_time_counts_from_its_cell_or_the_check_before_it() -> None:
    """The verdict's case has the remaining time, so that all cases add up to the run's time."""
    cases = cases_of(
        started(),
        event("cell_started", 10.0, cell=2),
        check("a", "passed", 10.25),
        check("b", "passed", 12.0),
        event("judged", 13.0, verdict="passed", seconds=5.0),
    )
    assert {name: case.seconds for name, case in cases.items()} == {
        VERDICT_CASE: 3.0, "a": 0.25, "b": 1.75,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "tag"),
    [
        ("failed", "failure"),
        ("error", "skipped"),
        ("timeout", "skipped"),
        ("kernel_died", "skipped"),
        ("unreachable", "skipped"),
        ("interrupted", "skipped"),
        ("bad_parameters", "skipped"),
    ],
)
def test_a_declared_check_without_a_judgement_follows_the_verdict(verdict: str, tag: str) -> None:
    """The check failed if the run was judged without it, and is skipped if the run broke off."""
    cases = cases_of(started(declared=["a"]), event("judged", verdict=verdict, reason="why"))
    finding = cases["a"].finding
    assert finding is not None
    assert finding.tag == tag
    red = [name for name, case in cases.items() if case.red]
    assert red == (["a"] if verdict == "failed" else [VERDICT_CASE])


def test_a_failure_that_no_check_explains_is_the_verdicts() -> None:
    """A ChecksFailedError without a failed check is a failure of the verdict's case."""
    reason = "ChecksFailedError: no check was judged: nothing is proven"
    cases = cases_of(started(), event("judged", verdict="failed", reason=reason, cell=4))
    finding = cases[VERDICT_CASE].finding
    assert finding is not None
    assert (finding.tag, finding.message) == ("failure", f"failed at cell 4: {reason}")


def test_an_outcome_that_is_not_known_never_counts_as_passed() -> None:
    """An unknown outcome, as a foreign notebook may send, is skipped, not passed."""
    cases = cases_of(started(kind="plain"), check("a", "great"), event("judged", verdict="passed"))
    finding = cases["a"].finding
    assert finding is not None
    assert (finding.tag, finding.message) == ("skipped", "outcome 'great'")


def test_the_details_of_a_failed_check_have_its_links() -> None:
    """A person who reads junit.xml in CI finds the runbook there."""
    links = [{"kind": "runbook", "text": "securenet-obs run beat"}]
    failed = {**check("a", "failed"), "links": links}
    finding = cases_of(started(), failed, event("judged", verdict="failed", seconds=1))["a"].finding
    assert finding is not None
    assert finding.details.endswith("page: r.html\nrunbook: securenet-obs run beat")
