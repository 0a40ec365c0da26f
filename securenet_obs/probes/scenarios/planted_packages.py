"""Plants packages and advisories in two stages, with the findings, fixes and causes of each."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pandas as pd

Stage = Literal["first", "second"]

_CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
_HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
_MEDIUM = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"


@dataclass(frozen=True)
class _Advisory:
    """An advisory on one package; `aliases` are other advisories on the same vulnerability."""

    number: int
    package: str
    vector: str
    introduced: str = "0"
    fixed: str = ""
    aliases: tuple[int, ...] = ()


# The critical one of gateway is fixed in 2.0, which the next one affects: 2.1 is free of both.
_ADVISORIES = (
    _Advisory(1, "gateway", _CRITICAL, fixed="2.0"),
    _Advisory(2, "gateway", _MEDIUM, introduced="1.9", fixed="2.1"),
    _Advisory(3, "parser", _HIGH),
    _Advisory(4, "proxy", _MEDIUM, fixed="1.4.2"),
    _Advisory(5, "proxy", _MEDIUM, fixed="1.4.2", aliases=(4,)),
    _Advisory(6, "agent", _HIGH, fixed="3.0"),
    _Advisory(7, "mailer", _HIGH, fixed="1.0"),
)
_ROUTER = {
    "first": _Advisory(8, "router", _HIGH, fixed="0.9"),
    "second": _Advisory(8, "router", _HIGH, fixed="1.1"),
}
_CACHE = _Advisory(9, "cache", _MEDIUM, fixed="5.1")

_VERSIONS = {
    "gateway": "1.0", "parser": "3.2", "proxy": "1.4.0", "agent": "latest", "router": "1.0",
    "cache": "5.0",
}  # fmt: skip
_INVENTORIES = {"first": _VERSIONS, "second": {**_VERSIONS, "gateway": "2.1", "mailer": "0.9"}}
_WAIVED = 3

FOUND: Mapping[str, str] = {
    "gateway 1.0": "CANARY-1", "parser 3.2": "CANARY-3", "proxy 1.4.0": "CANARY-4",
}  # fmt: skip
"""Version in use -> the one vulnerability that the first scan must find in it."""

SEVERITIES: Mapping[str, str] = {
    "gateway 1.0": "critical", "parser 3.2": "high", "proxy 1.4.0": "medium",
}  # fmt: skip
"""Version in use -> the severity of that vulnerability, by its CVSS vector."""

FIXES: Mapping[str, str] = {
    "gateway 1.0": "2.1", "parser 3.2": "none exists", "proxy 1.4.0": "1.4.2",
}  # fmt: skip
"""Version in use -> the lowest later version without any known vulnerability."""

CAUSES: Mapping[str, str] = {
    "cache 5.0": "advisory_new", "mailer 0.9": "inventory_changed",
    "parser 3.2": "waiver_expired", "router 1.0": "advisory_amended",
}  # fmt: skip
"""Version in use -> the cause of a finding that is new in the second scan."""


@dataclass(frozen=True)
class PlantedPackages:
    """Packages that no one else has: their names and the advisories' ids end with the canary."""

    canary: str

    def inventory(self, stage: Stage) -> list[str]:
        """Return the purls of the packages in use."""
        versions = _INVENTORIES[stage].items()
        return [f"pkg:pypi/{self._named(name)}@{version}" for name, version in versions]

    def write_advisories(self, folder: Path, stage: Stage) -> Path:
        """Write the advisories of a stage in OSV's format, a file each; return the folder."""
        advisories = [*_ADVISORIES, _ROUTER[stage], *([_CACHE] if stage == "second" else [])]
        for advisory in advisories:
            path = folder / f"{self._id_of(advisory.number)}.json"
            path.write_text(json.dumps(self._record(advisory)))
        return folder

    def write_waivers(self, path: Path, stage: Stage) -> Path:
        """Write a waiver of parser's vulnerability that is valid in the first stage only."""
        last_day = datetime.now(UTC).date() + timedelta(days=1 if stage == "first" else -1)
        path.write_text(
            f'[[waiver]]\nid = "{self._id_of(_WAIVED)}"\n'
            f'reason = "not reachable from outside"\nexpires = {last_day}\n'
        )
        return path

    def tabulate(self, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
        """Return columns of findings or fixes of a scan's result, without the canary in texts.

        Returns:
            A row for each, with the version in use, such as `gateway 1.0`, in the index.
        """
        names = ["package", "version", *columns]
        short = [[self._without_canary(row[name]) for name in names] for row in rows]
        frame = pd.DataFrame(short, columns=names, dtype=object)
        in_use = [f"{package} {version}" for package, version, *_ in short]
        return frame[list(columns)].set_index(pd.Index(in_use, name="in use")).sort_index()

    def _named(self, package: str) -> str:
        return f"{package}-{self.canary}"

    def _id_of(self, number: int) -> str:
        return f"CANARY-{number}-{self.canary}"

    def _without_canary(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._without_canary(item) for item in value]
        return value.replace(f"-{self.canary}", "") if isinstance(value, str) else value

    def _record(self, advisory: _Advisory) -> dict[str, Any]:
        events = [{"introduced": advisory.introduced}]
        events += [{"fixed": advisory.fixed}] if advisory.fixed else []
        return {
            "id": self._id_of(advisory.number),
            "aliases": [self._id_of(number) for number in advisory.aliases],
            "modified": f"{datetime.now(UTC):%FT%TZ}",
            "summary": f"Planted vulnerability of {advisory.package}",
            "severity": [{"type": "CVSS_V3", "score": advisory.vector}],
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": self._named(advisory.package)},
                    "ranges": [{"type": "ECOSYSTEM", "events": events}],
                }
            ],
        }
