"""Waivers: accepted vulnerabilities with reason and last day; read from TOML, and applied."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from securenet_obs.detection.vulnerabilities.report import Finding, Report
from securenet_obs.waivers import read_waiver_file


@dataclass(frozen=True, slots=True)
class Waiver:
    """The decision to accept a vulnerability until the end of a day.

    Attributes:
        advisory_id: any id or alias of the vulnerability.
        package: name of the only package that it is for; empty for all.
        expires_on: last day, in UTC.
    """

    advisory_id: str
    package: str
    reason: str
    expires_on: date

    def covers(self, finding: Finding) -> bool:
        """Return whether the waiver is for a finding."""
        same = not self.package or self.package.lower() == finding.package.lower()
        return same and self.advisory_id in finding.ids

    def as_json(self) -> dict[str, str]:
        """Return the waiver as JSON values."""
        return {
            "id": self.advisory_id,
            "package": self.package,
            "reason": self.reason,
            "expires": self.expires_on.isoformat(),
        }


@dataclass
class Waived:
    """Waivers applied to findings.

    Attributes:
        by_finding: position of each waived finding -> its waiver.
        unused: waivers that are valid, but cover no finding.
        expired: waivers whose last day has passed.
    """

    by_finding: dict[int, Waiver] = field(default_factory=dict)
    unused: list[Waiver] = field(default_factory=list)
    expired: list[Waiver] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the waivers that need attention as JSON values."""
        return {
            "unused": [waiver.as_json() for waiver in self.unused],
            "expired": [waiver.as_json() for waiver in self.expired],
        }


def apply_waivers(report: Report, waivers: Iterable[Waiver], today: date) -> Waived:
    """Mark the findings that a valid waiver covers, and return them with the other waivers.

    Of several waivers of a finding the one that expires last counts.
    """
    result = Waived()
    for waiver in sorted(waivers, key=lambda waiver: waiver.expires_on):
        if waiver.expires_on < today:
            result.expired.append(waiver)
            continue
        covered = [n for n, finding in enumerate(report.findings) if waiver.covers(finding)]
        result.by_finding |= dict.fromkeys(covered, waiver)
        if not covered:
            result.unused.append(waiver)
    for position, waiver in result.by_finding.items():
        row = report.findings[position]
        report.findings[position] = replace(row, waived=waiver.as_json())
    return result


def read_waivers(path: Path) -> list[Waiver]:
    """Read waivers from TOML: tables `[[waiver]]` with `id`, `reason`, `expires`, and `package`.

    Raises:
        WaiverError: the file is not TOML, or a waiver lacks a field; the message names it.
    """
    return [
        Waiver(row.subject, row.scope, row.reason, row.expires_on)
        for row in read_waiver_file(path, scope="package")
    ]
