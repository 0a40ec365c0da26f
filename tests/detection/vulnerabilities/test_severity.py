"""Severity of advisories."""

from typing import Any

import pytest

from securenet_obs.detection.vulnerabilities.severity import (
    LEVELS,
    Severity,
    is_at_least,
    most_severe,
    severity_of,
)
from tests.detection.vulnerabilities.osv import CRITICAL, HIGH

V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


@pytest.mark.parametrize(
    ("record", "level", "score"),
    [
        ({"severity": [{"type": "CVSS_V3", "score": HIGH}]}, "high", 7.5),
        ({"severity": [{"type": "CVSS_V3", "score": CRITICAL}]}, "critical", 9.8),
        ({"severity": [{"type": "CVSS_V2", "score": V2}]}, "high", 7.5),
        ({"severity": [{"type": "CVSS_V4", "score": V4}]}, "critical", 9.3),
        ({"severity": [{"type": "CVSS_V3", "score": HIGH}, {"type": "Ubuntu", "score": "low"}]},
         "high", 7.5),
        ({"severity": [{"type": "Ubuntu", "score": "medium"}]}, "medium", None),
        ({"severity": [], "database_specific": {"severity": "MODERATE"}}, "medium", None),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:?"}]}, "unknown", None),
        ({"severity": "high"}, "unknown", None),
        ({}, "unknown", None),
    ],
)  # fmt: skip
def test_severity_is_that_of_the_vector(
    record: dict[str, Any], level: str, score: float | None
) -> None:
    """A vector decides, then a stated level; a broken one is no severity."""
    severity = severity_of(record)
    assert (severity.level, severity.score) == (level, score)


def test_levels_are_ordered() -> None:
    """An unknown severity is below all others, and the highest of several wins."""
    assert [is_at_least(level, "high") for level in LEVELS] == [False] * 4 + [True] * 2
    assert most_severe([Severity("low"), Severity(), Severity("medium")]).level == "medium"
    assert most_severe([]).level == "unknown"
