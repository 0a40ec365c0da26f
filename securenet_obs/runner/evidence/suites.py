"""Derives test suites from a command's record: one suite per notebook, one case per check.

Each suite begins with a case for the verdict itself. This case has everything that checks do not
explain: an error, a skipped notebook, a failure without a failed check. Therefore a suite has a
failed case if its notebook neither passed nor was skipped, and only then.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from securenet_obs.runner.record.attempts import Attempts, attempts, never_started
from securenet_obs.runner.record.journal import Event
from securenet_obs.runner.record.runs import CheckRow, CommandRecord, RunRecord
from securenet_obs.runner.record.timings import check_seconds
from securenet_obs.runner.record.verdict import NOTHING_RAN, Verdict, all_skipped

Facts = Sequence[tuple[str, str]]

VERDICT_CASE = "the notebook comes to its verdict"
_COMMAND = "securenet-obs"
COMMAND_CASE = "the command comes to its verdict"

_GREEN = ("passed", "skipped")
"""Verdicts with the exit code 0."""

_UNJUDGED: Event = {"verdict": "interrupted", "reason": "the run was never judged"}


@dataclass(frozen=True)
class Finding:
    """The reason why a case did not pass in one attempt: the kind, one line, and the details."""

    tag: Literal["failure", "error", "skipped", "flakyFailure", "rerunFailure"]
    message: str
    kind: str = ""
    details: str = ""


@dataclass(frozen=True)
class Case:
    """One test case; it passed if it has no finding of its own."""

    name: str
    seconds: float = 0.0
    finding: Finding | None = None
    earlier: tuple[Finding, ...] = ()

    @property
    def red(self) -> bool:
        """Whether a reader of the report counts the case as failed."""
        return self.finding is not None and self.finding.tag != "skipped"


@dataclass(frozen=True)
class Suite:
    """The cases of one notebook, and the facts of its run."""

    name: str
    cases: tuple[Case, ...]
    seconds: float = 0.0
    started: str = ""
    properties: tuple[tuple[str, str], ...] = ()


def suites(
    record: CommandRecord, verdict: Verdict, problem: str = "", evidence: str = ""
) -> list[Suite]:
    """Return the suites of a command; at least one case failed unless the verdict is green.

    Args:
        record: the command's record.
        verdict: the command's verdict.
        problem: problem with the evidence itself, or an empty string.
        evidence: path of the evidence folder.
    """
    runs, opened = record.runs, record.opened
    facts = (*_target_facts(opened), ("evidence", evidence))
    made = [_suite(group, facts) for group in attempts(runs)]
    made += [_never_started(name, facts) for name in never_started(runs, opened)]
    red = any(case.red for suite in made for case in suite.cases)
    if problem or not made or (verdict not in _GREEN and not red):
        skipped = all_skipped(str((row.judged or _UNJUDGED)["verdict"]) for row in runs)
        made.append(_command_suite(opened, verdict, problem, skipped, facts))
    return made


def _suite(group: Attempts, facts: Facts) -> Suite:
    final = group.final
    judged = final.judged or _UNJUDGED
    cases = [_check_case(final, row) for row in final.checks] + _undone(final, judged)
    total = float(judged.get("seconds") or 0.0)
    rest = max(0.0, total - sum(case.seconds for case in cases))
    first = Case(VERDICT_CASE, rest, _of_verdict(final, judged, cases))
    return Suite(
        str(final.started["notebook"]),
        tuple(_with_earlier([first, *cases], group, judged)),
        total,
        str(final.started["at"]),
        (*_run_facts(group, judged), *facts),
    )


def _check_case(record: RunRecord, row: CheckRow) -> Case:
    finding = None
    if row.outcome == "failed":
        finding = _of_check(record, row)
    elif row.outcome != "passed":
        finding = Finding("skipped", row.reason or f"outcome {row.outcome!r}")
    return Case(row.name, check_seconds(record, row.name), finding)


def _of_check(record: RunRecord, row: CheckRow) -> Finding:
    details = (
        f"expected: {row.expected}\nobserved: {row.observed}\n"
        f"cell: {record.cell_of(row.name)}\npage: {_page_of(record)}"
    )
    details = "\n".join([details, *map(str, row.links)])
    message = f"expected {row.expected}, observed {row.observed}"
    return Finding("failure", message, "check", details)


def _undone(record: RunRecord, judged: Event) -> list[Case]:
    """Return a case for each declared check that was not judged.

    It is a failure if the checks decided the verdict without it; otherwise it was not reached.
    """
    done = {row.name for row in record.checks}
    missing = [name for name in dict.fromkeys(record.declared) if name not in done]
    if judged["verdict"] == "failed":
        text = "declared, never judged"
        finding = Finding("failure", text, "check", f"{text}\npage: {_page_of(record)}")
    else:
        reason = str(judged.get("reason") or "not judged")
        finding = Finding("skipped", f"{judged['verdict']}: {reason}")
    return [Case(name, finding=finding) for name in missing]


def _of_verdict(record: RunRecord, judged: Event, cases: Sequence[Case]) -> Finding | None:
    verdict = judged["verdict"]
    message = _sentence(record)
    if verdict == "passed" or (verdict == "failed" and any(case.red for case in cases)):
        return None
    if verdict == "skipped":
        return Finding("skipped", str(judged.get("reason") or message))
    tag: Literal["failure", "error"] = "failure" if verdict == "failed" else "error"
    return Finding(tag, message, verdict, f"{message}\npage: {_page_of(record)}")


def _with_earlier(cases: list[Case], group: Attempts, judged: Event) -> list[Case]:
    """Return the cases, each with the earlier attempts that concern it.

    An attempt belongs to each check that failed in it: if a retry passed, to that check's case,
    otherwise only to the cases that failed again. Without such a case it belongs to the case of
    the verdict if a retry passed, otherwise to the first case that failed.
    """
    green = judged["verdict"] in _GREEN
    candidates = {case.name for case in cases[1:] if green or case.red}
    fallback = 0 if green else next((n for n, case in enumerate(cases) if case.red), 0)
    for record in group.earlier:
        finding = _of_attempt(record, "flakyFailure" if green else "rerunFailure")
        names = {row.name for row in record.failing} & candidates
        places = [n for n, case in enumerate(cases) if n and case.name in names] or [fallback]
        for n in places:
            cases[n] = replace(cases[n], earlier=(*cases[n].earlier, finding))
    return cases


def _of_attempt(record: RunRecord, tag: Literal["flakyFailure", "rerunFailure"]) -> Finding:
    failing = [
        f"{row.name}: expected {row.expected}, observed {row.observed}" for row in record.failing
    ]
    lines = [f"attempt {record.started['attempt']}: {_sentence(record)}", *failing]
    details = "\n".join([*lines, f"page: {_page_of(record)}"])
    return Finding(tag, lines[0], str((record.judged or _UNJUDGED)["verdict"]), details)


def _sentence(record: RunRecord) -> str:
    """Return a run's verdict, cell and reason on one line."""
    judged = record.judged or _UNJUDGED
    cell = f" at cell {judged['cell']}" if judged.get("cell") is not None else ""
    return f"{judged['verdict']}{cell}: {judged.get('reason', '')}".rstrip(": ")


def _page_of(record: RunRecord) -> str:
    """Return the path of a run's HTML page, relative to the evidence folder."""
    return f"{record.run}.html"


def _run_facts(group: Attempts, judged: Event) -> list[tuple[str, str]]:
    final = group.final
    parameters = dict(final.started.get("parameters") or {})
    return [
        ("verdict", str(judged["verdict"])),
        ("reason", str(judged.get("reason", ""))),
        ("attempts", str(len(group.runs))),
        # A skipped notebook has neither a copy nor a page.
        *([("page", _page_of(final))] if judged["verdict"] != "skipped" else []),
        ("notebook", str(final.started.get("path", ""))),
        *((f"parameter.{name}", _text(value)) for name, value in parameters.items()),
    ]


def _target_facts(opened: Event) -> list[tuple[str, str]]:
    target = dict(opened.get("target") or {})
    versions = dict(opened.get("versions") or {})
    return [
        ("target", _text(target.pop("name", ""))),
        *((f"target.{name}", _text(value)) for name, value in target.items()),
        ("commit", str(opened.get("commit") or "")),
        *((f"version.{name}", _text(value)) for name, value in versions.items()),
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _never_started(name: str, facts: Facts) -> Suite:
    message = "interrupted: the command ended before this notebook was started"
    finding = Finding("error", message, "interrupted", message)
    return Suite(name, (Case(VERDICT_CASE, finding=finding),), properties=tuple(facts))


def _command_suite(
    opened: Event, verdict: Verdict, problem: str, skipped: bool, facts: Facts
) -> Suite:
    """Return the command's own suite: a problem with the evidence, or that nothing was run."""
    if problem or verdict not in _GREEN:
        message = problem or (NOTHING_RAN if skipped else f"the command ended as {verdict}")
        finding = Finding("error", message, str(verdict), message)
    else:
        resumed = opened.get("resumes")
        why = f": everything had passed in {resumed}" if resumed else ""
        finding = Finding("skipped", f"no notebook was run{why}")
    case = Case(COMMAND_CASE, finding=finding)
    return Suite(_COMMAND, (case,), started=str(opened.get("at", "")), properties=tuple(facts))
