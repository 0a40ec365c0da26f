"""Reports of scans: JSON and SARIF."""

from securenet_obs.detection.vulnerabilities.components import Inventory, Problem
from securenet_obs.detection.vulnerabilities.report import as_sarif, scan
from tests.detection.vulnerabilities.osv import (
    CRITICAL,
    HIGH,
    advisory,
    before,
    index_of,
    inventory_of,
)

INDEX = index_of(
    advisory("A-1", *before("2"), aliases=["CVE-1"], vector=HIGH, summary="Padding\n overflows"),
    advisory("B-1", *before("3"), vector=CRITICAL),
    advisory("C-1", {"introduced": "0"}),
)


def inventory() -> Inventory:
    """Return an inventory with one affected package and one problem."""
    planted = inventory_of(("left-pad", "1.0"), ("clean", "1.0"))
    planted.problems.append(Problem("r.txt:7", "not a requirement"))
    return planted


def test_the_report_has_findings_unjudged_and_plan() -> None:
    """The most severe finding is the first; each has its own fix, the plan has that of all."""
    report = scan(inventory(), INDEX, "high").as_json()
    assert [row["id"] for row in report["findings"]] == ["B-1", "A-1", "C-1"]
    assert report["findings"][1] == {
        "package": "left-pad",
        "ecosystem": "PyPI",
        "version": "1.0",
        "id": "A-1",
        "aliases": ["CVE-1"],
        "severity": "high",
        "score": 7.5,
        "fixed": "2",
        "known_exploited": False,
        "summary": "Padding overflows",
        "places": ["test"],
        "modified": "2026-01-01T00:00:00Z",
        "waived": None,
    }
    assert report["findings"][2]["fixed"] is None
    assert [row["reason"] for row in report["unjudged"]] == ["not a requirement"]
    (fix,) = report["plan"]
    assert (fix["fixed"], fix["resolves"]) == ("3", ["A-1", "B-1"])


def test_findings_at_or_above_a_severity() -> None:
    """An unknown severity is below all others."""
    report = scan(inventory(), INDEX)
    numbers = [len(report.at_or_above(level)) for level in ("unknown", "low", "high", "critical")]
    assert numbers == [3, 2, 2, 1]


def test_sarif_has_a_rule_for_each_advisory() -> None:
    """Every result refers to a rule, and has a level and a place."""
    planted = inventory_of(("left-pad", "1.0"))
    planted.components[0:1] = [
        type(planted.components[0])(planted.components[0].package, "left-pad", "1.0", place)
        for place in ("app/r.txt:3", "bom.json: components[0]")
    ]
    (run,) = as_sarif(scan(planted, INDEX), "1.0")["runs"]
    rules = {rule["id"]: rule["properties"] for rule in run["tool"]["driver"]["rules"]}
    assert rules == {
        "B-1": {"security-severity": "9.8"},
        "A-1": {"security-severity": "7.5"},
        "C-1": {},
    }
    assert {row["ruleId"]: row["level"] for row in run["results"]} == {
        "B-1": "error",
        "A-1": "error",
        "C-1": "warning",
    }
    first, second = (row["locations"][0]["physicalLocation"] for row in run["results"][:2])
    assert first == {"artifactLocation": {"uri": "app/r.txt"}, "region": {"startLine": 3}}
    assert second == {"artifactLocation": {"uri": "bom.json"}}
