"""Formats a command's test suites as JUnit XML for Jenkins' xunit plugin and GitLab.

Earlier attempts have surefire's forms: `flakyFailure` if a retry passed, `rerunFailure` if none
did. GitLab keeps only the first of two cases with one name, so suites and cases have unique names.
"""

from xml.etree import ElementTree as Xml

from securenet_obs.runner.evidence.suites import Case, Finding, Suite, suites
from securenet_obs.runner.plain_text import plain_text
from securenet_obs.runner.record.runs import CommandRecord
from securenet_obs.runner.record.verdict import Verdict

NAME = "junit.xml"

MAX_NAME_LENGTH = 200
MAX_MESSAGE_LENGTH = 1_000
MAX_DETAILS_LENGTH = 20_000
"""Maximum lengths in characters: readers of XML have limits; the evidence has the full texts."""


def junit(record: CommandRecord, verdict: Verdict, problem: str = "", evidence: str = "") -> str:
    """Return a command's report as JUnit XML, with a failure or error unless the verdict is green.

    Args:
        record: the command's record.
        verdict: the command's verdict.
        problem: problem with the evidence itself, or an empty string.
        evidence: path of the evidence folder.
    """
    made = suites(record, verdict, problem, evidence)
    root = Xml.Element("testsuites", name="securenet-obs")
    names: set[str] = set()
    for suite in made:
        _add_suite(root, suite, _unique(suite.name, names))
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    root.set("time", _seconds(sum(suite.seconds for suite in made)))
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_suite(root: Xml.Element, suite: Suite, name: str) -> None:
    tags = [case.finding.tag for case in suite.cases if case.finding]
    element = Xml.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(suite.cases)),
        failures=str(tags.count("failure")),
        errors=str(tags.count("error")),
        skipped=str(tags.count("skipped")),
        time=_seconds(suite.seconds),
        timestamp=_line(suite.started),
    )
    properties = Xml.SubElement(element, "properties")
    for fact, value in suite.properties:
        text = _cut(plain_text(value), MAX_MESSAGE_LENGTH)
        Xml.SubElement(properties, "property", name=_line(fact), value=text)
    names: set[str] = set()
    for case in suite.cases:
        _add_case(element, case, name, _unique(case.name, names))


def _add_case(suite: Xml.Element, case: Case, classname: str, name: str) -> None:
    element = Xml.SubElement(
        suite, "testcase", classname=classname, name=name, time=_seconds(case.seconds)
    )
    for finding in (case.finding, *case.earlier):
        if finding:
            _add_finding(element, finding)


def _add_finding(case: Xml.Element, finding: Finding) -> None:
    element = Xml.SubElement(
        case, finding.tag, message=_cut(plain_text(finding.message), MAX_MESSAGE_LENGTH)
    )
    if finding.tag != "skipped":
        element.set("type", _line(finding.kind))
    details = _cut(plain_text(finding.details), MAX_DETAILS_LENGTH)
    if finding.tag in ("flakyFailure", "rerunFailure"):
        Xml.SubElement(element, "stackTrace").text = details
    elif details:
        element.text = details


def _unique(name: str, taken: set[str]) -> str:
    """Return the name, with a number appended if it is taken, and mark it as taken."""
    wanted = _line(name)
    unique, number = wanted, 1
    while unique in taken:
        number += 1
        unique = f"{wanted} ({number})"
    taken.add(unique)
    return unique


def _line(text: str) -> str:
    """Return the text as a one-line name."""
    return _cut(" ".join(plain_text(text).split()), MAX_NAME_LENGTH) or "(no name)"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _seconds(seconds: float) -> str:
    """Format seconds as surefire does: three decimals, no exponent."""
    return f"{max(0.0, seconds):.3f}"
