import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.detection.vulnerabilities.advisories.files import read_records
from securenet_obs.detection.vulnerabilities.advisories.index import build_index
from securenet_obs.detection.vulnerabilities.inventory import read_document
from securenet_obs.detection.vulnerabilities.report import Report, scan
from securenet_obs.detection.vulnerabilities.waivers import read_waivers
from securenet_obs.probes import CAUSES, FIXES, FOUND, SEVERITIES, PlantedPackages
from securenet_obs.probes.scenarios.planted_packages import Stage

PACKAGES = PlantedPackages("canary-1")


def scanned(folder: Path, stage: Stage) -> Report:
    """Return the report of a stage."""
    index = build_index(read_records(PACKAGES.write_advisories(folder, stage)))
    return scan(read_document(PACKAGES.inventory(stage), "body"), index)


def test_the_first_scan_finds_what_is_planted(tmp_path: Path) -> None:
    """Findings, severities, fixes and the package that cannot be judged are those expected."""
    report = scanned(tmp_path, "first").as_json()
    findings = PACKAGES.tabulate(report["findings"], ["id", "severity"])
    plan = PACKAGES.tabulate(report["plan"], ["fixed"])
    assert findings.id.to_dict() == FOUND
    assert findings.severity.to_dict() == SEVERITIES
    assert {use: fixed or "none exists" for use, fixed in plan.fixed.items()} == FIXES
    assert list(PACKAGES.tabulate(report["unjudged"], ["reason"]).index) == ["agent latest"]


def test_the_second_scan_has_a_finding_for_each_cause(tmp_path: Path) -> None:
    """The waived finding is in both; the others are new, and that of the upgraded package gone."""
    first = PACKAGES.tabulate(scanned(tmp_path, "first").as_json()["findings"], ["id"])
    second = PACKAGES.tabulate(scanned(tmp_path, "second").as_json()["findings"], ["id"])
    waived = [use for use, cause in CAUSES.items() if cause == "waiver_expired"]
    assert set(second.index) - set(first.index) == CAUSES.keys() - set(waived)
    assert set(waived) <= set(first.index) & set(second.index)
    assert set(first.index) - set(second.index) == {"gateway 1.0"}


@pytest.mark.parametrize(("stage", "is_valid"), [("first", True), ("second", False)])
def test_the_waiver_expires_between_the_stages(
    tmp_path: Path, stage: Stage, is_valid: bool
) -> None:
    """It covers the vulnerability of one package."""
    (waiver,) = read_waivers(PACKAGES.write_waivers(tmp_path / "waivers.toml", stage))
    assert waiver.advisory_id == f"{FOUND['parser 3.2']}-canary-1"
    assert (waiver.expires_on > date.today()) == is_valid


def test_names_are_those_of_one_run(tmp_path: Path) -> None:
    """Two runs share neither packages nor advisories; tables show both without the canary."""
    PACKAGES.write_advisories(tmp_path, "second")
    other = PlantedPackages("canary-2")
    assert not set(PACKAGES.inventory("second")) & set(other.inventory("second"))
    records: list[Any] = [json.loads(path.read_bytes()) for path in tmp_path.iterdir()]
    assert all(record["id"].endswith("-canary-1") for record in records)
    assert PACKAGES.tabulate([], ["id"]).empty


def test_tables_are_sorted_by_the_version_in_use() -> None:
    """Lists of texts are without the canary, too."""
    names = ("router", "agent")
    rows = [
        {"package": f"{name}-canary-1", "version": "1", "ids": ["a-canary-1"]} for name in names
    ]
    table = PACKAGES.tabulate(rows, ["ids"])
    assert table.ids.to_dict() == {"agent 1": ["a"], "router 1": ["a"]}
    assert list(table.index) == ["agent 1", "router 1"]
