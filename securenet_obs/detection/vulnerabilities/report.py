"""Report of a scan: findings, pairs that cannot be judged, fix plan; as JSON, rows or SARIF."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from securenet_obs.detection.vulnerabilities.advisories.index import Index
from securenet_obs.detection.vulnerabilities.components import Inventory
from securenet_obs.detection.vulnerabilities.fixes import Fix, Fixes
from securenet_obs.detection.vulnerabilities.matching import Match, Unjudged, match
from securenet_obs.detection.vulnerabilities.severity import UNKNOWN, Severity, is_at_least


@dataclass(frozen=True, slots=True)
class Finding:
    """A vulnerability of a version in use, with its fix.

    Attributes:
        fixed: lowest later version that this vulnerability does not affect, empty if none is known.
        waived: the waiver that covers it, as JSON values.
    """

    package: str
    ecosystem: str
    version: str
    advisory_id: str
    aliases: tuple[str, ...]
    severity: Severity
    fixed: str
    known_exploited: bool
    summary: str
    places: tuple[str, ...]
    modified: str
    waived: Mapping[str, str] | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids of the vulnerability."""
        return self.advisory_id, *self.aliases

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "package": self.package,
            "ecosystem": self.ecosystem,
            "version": self.version,
            "id": self.advisory_id,
            "aliases": list(self.aliases),
            "severity": self.severity.level,
            "score": self.severity.score,
            "fixed": self.fixed or None,
            "known_exploited": self.known_exploited,
            "summary": self.summary,
            "places": list(self.places),
            "modified": self.modified,
            "waived": self.waived,
        }


@dataclass
class Report:
    """The result of a scan.

    Attributes:
        matches: the match behind each finding, in the same order.
        uses: number of different versions of packages.
    """

    findings: list[Finding] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    unjudged: list[Unjudged] = field(default_factory=list)
    plan: list[Fix] = field(default_factory=list)
    uses: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "findings": [finding.as_json() for finding in self.findings],
            "unjudged": [entry.as_json() for entry in self.unjudged],
            "plan": [fix.as_json() for fix in self.plan],
        }

    def at_or_above(self, severity: str) -> list[Finding]:
        """Return the findings at or above a severity that no waiver covers."""
        grave = (row for row in self.findings if is_at_least(row.severity.level, severity))
        return [row for row in grave if row.waived is None]

    def unrated(self) -> list[Finding]:
        """Return the findings without a known severity that no waiver covers."""
        unrated = (row for row in self.findings if row.severity.level == UNKNOWN)
        return [row for row in unrated if row.waived is None]


def scan(
    inventory: Inventory,
    index: Index,
    plan_severity: str = UNKNOWN,
    exploited: Collection[str] = (),
) -> Report:
    """Match an inventory with advisories; plan fixes for findings at or above a severity.

    Args:
        inventory: components and problems.
        index: the advisories.
        plan_severity: severity of the plan.
        exploited: ids of vulnerabilities that are known to be exploited.
    """
    result = match(inventory.components, index)
    fixes = Fixes(result, index)
    found = ((row, _finding(row, fixes.fixed_in(row), exploited)) for row in result.matches)
    pairs = sorted(found, key=lambda pair: _order(pair[1]))
    problems = (Unjudged("", "", "", (row.place,), row.reason) for row in inventory.problems)
    return Report(
        findings=[finding for _, finding in pairs],
        matches=[match for match, _ in pairs],
        unjudged=[*problems, *result.unjudged],
        plan=fixes.plan(plan_severity),
        uses=result.uses,
    )


def _finding(found: Match, fixed: str, exploited: Collection[str]) -> Finding:
    use, vulnerability = found.use, found.vulnerability
    ids = vulnerability.advisory_id, *vulnerability.aliases
    return Finding(
        package=use.name,
        ecosystem=use.package.ecosystem,
        version=use.version,
        advisory_id=vulnerability.advisory_id,
        aliases=vulnerability.aliases,
        severity=vulnerability.severity,
        fixed=fixed,
        known_exploited=any(one in exploited for one in ids),
        summary=vulnerability.summary,
        places=use.places,
        modified=max(entry.modified for entry in vulnerability.entries),
    )


def _order(finding: Finding) -> tuple[Any, ...]:
    """Return the order of findings: exploited and severe ones first, then by name."""
    level, score = finding.severity.rank
    names = finding.ecosystem, finding.package, finding.version, finding.advisory_id
    return not finding.known_exploited, -level, -score, *names


_SARIF_LEVELS: Mapping[str, str] = {
    UNKNOWN: "warning", "none": "note", "low": "note",
    "medium": "warning", "high": "error", "critical": "error",
}  # fmt: skip
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_sarif(report: Report, version: str) -> dict[str, Any]:
    """Return the findings in SARIF 2.1.0, a result for each place; `version` is the tool's."""
    driver = {
        "name": "securenet-obs",
        "version": version,
        "rules": list(_rules(report.findings)),
    }
    results = [_result(finding, place) for finding in report.findings for place in finding.places]
    run = {"tool": {"driver": driver}, "results": results}
    return {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(findings: Iterable[Finding]) -> Iterable[dict[str, Any]]:
    for finding in {row.advisory_id: row for row in findings}.values():
        score = finding.severity.score
        properties = {} if score is None else {"security-severity": f"{score:.1f}"}
        yield {
            "id": finding.advisory_id,
            "shortDescription": {"text": finding.summary or finding.advisory_id},
            "helpUri": f"https://osv.dev/vulnerability/{finding.advisory_id}",
            "properties": properties,
        }


def _result(finding: Finding, place: str) -> dict[str, Any]:
    file, _, line = place.partition(":")
    location: dict[str, Any] = {"artifactLocation": {"uri": file}}
    if line.isdigit():
        location["region"] = {"startLine": int(line)}
    fix = f"upgrade to {finding.fixed}" if finding.fixed else "no fixed version is known"
    text = f"{finding.package} {finding.version} is affected by {finding.advisory_id}; {fix}."
    result: dict[str, Any] = {
        "ruleId": finding.advisory_id,
        "level": _SARIF_LEVELS[finding.severity.level],
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }
    if finding.waived:
        suppression = {"kind": "external", "justification": finding.waived["reason"]}
        result["suppressions"] = [suppression]
    return result
