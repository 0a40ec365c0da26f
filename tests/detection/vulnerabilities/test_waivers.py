"""Waivers: their file, and the findings that they cover."""

from datetime import date
from pathlib import Path

from securenet_obs.detection.vulnerabilities.report import as_sarif, scan
from securenet_obs.detection.vulnerabilities.waivers import Waiver, apply_waivers, read_waivers
from tests.detection.vulnerabilities.osv import HIGH, advisory, before, index_of, inventory_of

TODAY = date(2026, 6, 1)

FILE = """\
[[waiver]]
id = "CVE-1"
package = "left-pad"
reason = "not reachable"
expires = 2026-06-01

[[waiver]]
id = "B-1"
reason = "accepted"
expires = 2026-05-31
"""


def test_a_waiver_covers_a_finding_up_to_its_last_day(tmp_path: Path) -> None:
    """By any id of the vulnerability; it does not count for the exit code, and is in SARIF."""
    path = tmp_path / "waivers.toml"
    path.write_text(FILE)
    index = index_of(
        advisory("A-1", *before("2"), aliases=["CVE-1"], vector=HIGH),
        advisory("B-1", *before("2"), vector=HIGH),
    )
    report = scan(inventory_of(("Left-Pad", "1")), index)
    waived = apply_waivers(report, read_waivers(path), TODAY)
    assert [row.advisory_id for row in report.at_or_above("high")] == ["B-1"]
    assert report.as_json()["findings"][0]["waived"] == {
        "id": "CVE-1",
        "package": "left-pad",
        "reason": "not reachable",
        "expires": "2026-06-01",
    }
    assert waived.as_json()["unused"] == []
    assert [row["id"] for row in waived.as_json()["expired"]] == ["B-1"]
    (run,) = as_sarif(report, "1")["runs"]
    assert [row["ruleId"] for row in run["results"] if "suppressions" in row] == ["A-1"]


def test_a_waiver_of_another_package_is_unused() -> None:
    """The same vulnerability in another package is not accepted."""
    report = scan(inventory_of(("left-pad", "1")), index_of(advisory("A-1", *before("2"))))
    waiver = Waiver("A-1", "right-pad", "because", TODAY)
    assert apply_waivers(report, [waiver], TODAY).unused == [waiver]
