"""JUnit XML: valid against the schema, and consistent with the exit code for every outcome."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xmlschema import XMLSchema10

from securenet_obs.runner.command import Outcome
from securenet_obs.runner.evidence.closing import close_orphans
from securenet_obs.runner.evidence.folder import EvidenceFolder, read_manifest
from securenet_obs.runner.evidence.junit import MAX_DETAILS_LENGTH, junit
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.evidence.suites import COMMAND_CASE, VERDICT_CASE
from securenet_obs.runner.record.attempts import overall
from securenet_obs.runner.record.journal import Event
from securenet_obs.runner.record.runs import CommandRecord
from securenet_obs.runner.record.verdict import Verdict, judge

XSD = Path(__file__).parents[4] / "shared" / "data" / "junit" / "junit-10.xsd"
SCHEMA = XMLSchema10(XSD) if XSD.exists() else None
"""The schema of Jenkins' xunit plugin; if it is absent, only totals and names are checked."""

START = "from securenet_obs.checks import Checks\nchecks = Checks()\n"
AT = "2026-01-02T03:04:05.000006Z"


def suites_of(text: str) -> list[Xml.Element]:
    """Return a report's suites, after its schema, totals and unique names were asserted."""
    if SCHEMA:
        SCHEMA.validate(text)
    root = Xml.fromstring(text)
    for part in (root, *root):
        for total, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            assert part.get(total) == str(len(part.findall(f".//{tag}"))), (part.tag, total)
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(names) == len(set(names))
    return list(root)


def suites_in(outcome: Outcome) -> list[Xml.Element]:
    return suites_of((outcome.folder / "junit.xml").read_text())


def properties(suite: Xml.Element) -> dict[str, str]:
    return {row.get("name", ""): row.get("value", "") for row in suite.iter("property")}


def case(suite: Xml.Element, name: str) -> Xml.Element:
    return next(row for row in suite.iter("testcase") if row.get("name") == name)


def test_the_schema_is_applied() -> None:
    """A report with an element that the schema does not define is invalid."""
    if SCHEMA is None:
        pytest.skip("the schema of Jenkins' xunit plugin is not on this machine")
    assert not SCHEMA.is_valid("<testsuites><testsuite><unknown/></testsuite></testsuites>")


def test_passed_failed_and_unreachable_runs(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """A suite has its notebook's verdict; a check that was not reached is skipped."""
    slow = START + "import time; time.sleep(0.3)\nchecks.expect('it holds', expected=1, observed=1)"
    passed = write_notebook(slow, name="01_passed", checks=["it holds"], parameters="n: int = 7")
    failing = START + "checks.expect('it fails', expected='a', observed='b')"
    failed = write_notebook(
        failing, "checks.conclude()", name="02_failed", checks=["it fails", "it is forgotten"]
    )
    gone = "from securenet_obs.errors import UnreachableError\nraise UnreachableError('gone')"
    unreachable = write_notebook(gone, name="03_gone", checks=["first", "second"])
    outcome = execute(passed, failed, unreachable, environment={"ENVIRONMENT": "staging"})
    first, second, third = suites_in(outcome)

    assert (first.get("name"), first.get("failures"), first.get("errors")) == (
        "01_passed",
        "0",
        "0",
    )
    assert float(case(first, "it holds").get("time", "")) >= 0.3
    assert float(first.get("time", "")) == outcome.manifest["runs"][0]["seconds"]
    facts = properties(first)
    assert facts["target"] == "a test"
    assert facts["target.ENVIRONMENT"] == "staging"
    assert facts["commit"] == (outcome.manifest["commit"] or "")
    assert (facts["parameter.n"], facts["attempts"]) == ("7", "1")
    assert facts["version.python"] == outcome.manifest["versions"]["python"]
    assert facts["evidence"] == str(outcome.folder)
    assert (outcome.folder / facts["page"]).is_file()

    failure = case(second, "it fails").find("failure")
    assert failure is not None
    assert failure.get("message") == "expected a, observed b"
    assert "page: 02_failed.html" in str(failure.text)
    assert case(second, "it is forgotten").find("failure") is not None
    assert len(case(second, VERDICT_CASE)) == 0

    error = case(third, VERDICT_CASE).find("error")
    assert error is not None
    assert error.get("type") == "unreachable"
    skips = [case(third, name).find("skipped") for name in ("first", "second")]
    assert all(skip is not None and "gone" in skip.get("message", "") for skip in skips)


@pytest.mark.slow
def test_attempts_are_flaky_where_a_retry_passed_else_rerun(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """A notebook has one suite with its last verdict; earlier failures are at their case."""
    count = f"from pathlib import Path\nlog = Path({str(tmp_path)!r}) / 'log'\n"
    count += "with log.open('a') as file: file.write('x')\n" + START
    flaky = count + "checks.expect('it holds', expected=True, observed=len(log.read_text()) > 2)"
    failing = START + "checks.expect('it never holds', expected=1, observed=2)"
    outcome = execute(
        write_notebook(flaky, "checks.conclude()", name="01_flaky", checks=["it holds"]),
        write_notebook(failing, "checks.conclude()", name="02_failing"),
        write_notebook("1 / 0", name="03_broken", checks=["never reached"]),
        retries=2,
    )
    first, second, third = suites_in(outcome)
    rows = case(first, "it holds").findall("flakyFailure")
    assert [row.findtext("stackTrace", "").splitlines()[-1] for row in rows] == [
        "page: 01_flaky.html", "page: 01_flaky-attempt2.html",
    ]  # fmt: skip
    assert (first.get("failures"), properties(first)["attempts"]) == ("0", "3")
    assert properties(first)["page"] == "01_flaky-attempt3.html"
    assert [row.tag for row in case(second, "it never holds")] == [
        "failure", "rerunFailure", "rerunFailure",
    ]  # fmt: skip
    assert [row.tag for row in case(third, VERDICT_CASE)] == [
        "error", "rerunFailure", "rerunFailure",
    ]  # fmt: skip
    assert outcome.verdict.exit_code == read_manifest(outcome.folder)["exit_code"] == 3


def test_a_retry_that_passed_makes_the_whole_record_green(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """The exit code, the manifest and the report agree on the last attempt."""
    flag = str(tmp_path / "flag")
    cell = f"import os\nif not os.path.exists({flag!r}):\n    open({flag!r}, 'w'); 1 / 0\n"
    path = write_notebook(cell + START + "checks.expect('it holds', expected=1, observed=1)")
    outcome = execute(path, retries=1)
    (suite,) = suites_in(outcome)
    assert case(suite, VERDICT_CASE).findall("flakyFailure")[0].get("type") == "error"
    assert (outcome.verdict.exit_code, outcome.manifest["exit_code"]) == (0, 0)
    assert outcome.manifest["verdict"] == "passed"


def test_two_runs_of_one_notebook_have_two_names(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Two runs of one notebook get distinct names: GitLab keeps only the first of equal cases."""
    path = write_notebook(START + "checks.expect('it holds', expected=1, observed=1)")
    assert [suite.get("name") for suite in suites_in(execute(path, path))] == [
        "a_claim", "a_claim (2)",
    ]  # fmt: skip


def test_a_command_that_was_killed_leaves_no_green_report(tmp_path: Path) -> None:
    """The manifest and the report are interrupted, also for a death before the first run."""
    folder = EvidenceFolder.create(tmp_path, Masker())
    folder.note("opened", id="x", planned=[{"path": "/p/01_a.ipynb"}, {"path": "/p/02_b.ipynb"}])
    folder.journal.close()
    (path,) = close_orphans(tmp_path)
    assert read_manifest(path)["exit_code"] == 130
    suites = suites_of((path / "junit.xml").read_text())
    assert [(suite.get("name"), suite.get("errors")) for suite in suites] == [
        ("01_a", "1"), ("02_b", "1"),
    ]  # fmt: skip


def test_a_report_without_runs_states_that() -> None:
    """A report without runs has a skipped case with the reason: all had passed before."""
    (suite,) = suites_of(junit(CommandRecord().fold([opened(resumes="X")]), Verdict.PASSED))
    skipped = case(suite, COMMAND_CASE).find("skipped")
    assert skipped is not None
    assert "everything had passed in X" in skipped.get("message", "")


def test_evidence_that_cannot_be_written_turns_the_report_red(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The report is red although each notebook passed: the command exits with 3."""
    done = execute(write_notebook(START + "checks.expect('a', expected=1, observed=1)"))
    events = [json.loads(line) for line in (done.folder / "journal.jsonl").open()]
    *_, suite = suites_of(
        junit(CommandRecord().fold(events), Verdict.ERROR, "r.html: cannot be written: no space")
    )
    error = case(suite, COMMAND_CASE).find("error")
    assert error is not None
    assert "no space" in str(error.text)


def test_a_skipped_notebook_is_listed_with_the_reason(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Each declared check is skipped without failures; a command of skipped runs alone fails."""
    path = write_notebook("1 / 0", name="09_drills", needs=["local-stack"], checks=["a", "b"])
    passed = write_notebook(START + "checks.expect('c', expected=1, observed=1)")
    suite, _ = suites_in(execute(path, passed))
    assert (suite.get("skipped"), suite.get("failures"), suite.get("errors")) == ("3", "0", "0")
    assert all("not a local stack" in row.get("message", "") for row in suite.iter("skipped"))
    assert "page" not in properties(suite)
    skipped, command = suites_in(execute(path))
    assert (skipped.get("skipped"), skipped.get("errors")) == ("3", "0")
    error = case(command, COMMAND_CASE).find("error")
    assert error is not None
    assert "nothing is proven" in str(error.text)


HOSTILE = "a\x00\x1b[31mred\x1b[0m\x9b\ud800\ufffe]]><x a='1'>&amp;\U0001f600\r\n\t"


@pytest.mark.parametrize("text", [HOSTILE, "]]>" * 10_000, "", " ", "x" * 100_000])
def test_no_text_breaks_the_file(text: str) -> None:
    """Control characters and surrogates are removed, long texts cut, empty names filled."""
    check = {"event": "check", "run": "r", "cell": 1, "at": AT, "name": text, "outcome": "failed"}
    events = [
        opened(target={"name": text}, commit=text),
        started("r", notebook=text, declared=[text, text + "\x00"], parameters={"n": text}),
        {**check, "expected": text, "observed": text},
        {"event": "judged", "run": "r", "verdict": "failed", "reason": text, "at": AT},
    ]
    report = junit(CommandRecord().fold(events), Verdict.FAILED, text, text)
    suites_of(report)
    assert "\x1b" not in report
    assert "\x9b" not in report
    assert max(map(len, report.splitlines())) < 3 * 5 * MAX_DETAILS_LENGTH


def opened(**fields: object) -> Event:
    return {"event": "opened", "at": AT, **fields}


def started(run: str, **fields: object) -> Event:
    facts: Event = {
        "notebook": "n", "path": "n.ipynb", "kind": "validation", "attempt": 1, "cells": 3,
        "declared": [], "parameters": {}, "first": run,
    }  # fmt: skip
    return {"event": "run_started", "at": AT, "run": run, **facts, **fields}


NAMES = st.sampled_from(["a", "b", "c", "a\x00", "", VERDICT_CASE])
CHECKS = st.fixed_dictionaries(
    {"name": NAMES, "outcome": st.sampled_from(["passed", "failed", "skipped", "odd"])}
)
ENDS: st.SearchStrategy[list[Event]] = st.sampled_from(
    [
        [{"event": "ended"}],
        [{"event": "ended"}, {"event": "child_exited", "fate": "exit status 0"}],
        [{"event": "child_exited", "fate": "exit status 1"}],
        [{"event": "cell_error", "cell": 2, "name": "ValueError", "message": "no", "seconds": 1.0}],
        [{"event": "cell_error", "cell": 2, "name": "UnreachableError", "message": "gone"}],
        [{"event": "cell_error", "cell": 2, "name": "ChecksFailedError", "message": "1 of 2"}],
        [{"event": "kernel_died", "reason": "the kernel died"}],
        [{"event": "timeout", "reason": "too long"}],
        [{"event": "interrupted", "reason": "stopped"}],
        [{"event": "unwritable", "reason": "no space"}],
        [{"event": "skipped", "reason": "no broker"}],
    ]
)


@st.composite
def run_events(draw: st.DrawFn, run: str, order: int, attempt: int) -> list[Event]:
    """Return the events of a run, with or, rarely, without the judge's verdict."""
    first = started(
        run, first=f"{order}-1", notebook=f"n{order % 2}", attempt=attempt,
        declared=draw(st.lists(NAMES, max_size=3)),
        kind=draw(st.sampled_from(["validation", "runbook", "plain"])),
    )  # fmt: skip
    checks = [{"event": "check", "cell": 1, **row} for row in draw(st.lists(CHECKS, max_size=4))]
    events = [first, {"event": "cell_started", "cell": 1}, *checks, *draw(ENDS)]
    events = [{"at": AT, "run": run, **event} for event in events]
    if draw(st.integers(0, 9)):
        (record,) = CommandRecord().fold(events).runs
        verdict = judge(record)
        events.append({"at": AT, "event": "judged", "run": run, "seconds": 1.5, **vars(verdict)})
    return events


@st.composite
def commands(draw: st.DrawFn) -> tuple[list[Event], str]:
    """Return the journal of a command, and the problem of its evidence."""
    orders = draw(st.lists(st.integers(1, 3), max_size=3))
    runs = [
        draw(run_events(f"{order}-{attempt}", order, attempt))
        for order, count in enumerate(orders)
        for attempt in range(1, count + 1)
    ]
    planned = [{"path": f"n{order % 2}.ipynb"} for order in range(draw(st.integers(0, 3)))]
    events = [opened(planned=planned), *(event for run in runs for event in run)]
    return events, draw(st.sampled_from(["", "", "disk full"]))


@settings(deadline=None)
@given(commands())
def test_the_report_is_green_exactly_where_the_exit_code_is_0(
    command: tuple[list[Event], str],
) -> None:
    """The report is valid and agrees with the exit code for all runs, attempts and checks."""
    events, problem = command
    record = CommandRecord().fold(events)
    verdict = overall(record.runs, events[0], problem)
    suites = suites_of(junit(record, verdict, problem))
    red = sum(len(suite.findall(f".//{tag}")) for suite in suites for tag in ("failure", "error"))
    assert (verdict.exit_code == 0) is (red == 0)
    assert sum(len(list(suite.iter("testcase"))) for suite in suites) > 0


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_that_no_notebook_explains_is_a_case_of_its_own(verdict: Verdict) -> None:
    """A command that fails has a red report, also without any run."""
    (suite,) = suites_of(junit(CommandRecord().fold([opened()]), verdict))
    assert (suite.get("errors") == "0") is (verdict.exit_code == 0)
