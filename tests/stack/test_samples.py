"""The samples of a local stack."""

from packaging.version import Version

from securenet_obs.detection.vulnerabilities import affects
from securenet_obs.stack.samples import ADVISORIES, INVENTORY


def test_advisories_have_valid_bounds() -> None:
    """Every interval has a start and an end that PEP 440 can parse."""
    for advisory in ADVISORIES:
        (affected,) = advisory["affected"]
        kinds = [next(iter(event)) for event in affected["ranges"][0]["events"]]
        assert kinds == ["introduced", "fixed"] * (len(kinds) // 2)


def test_sample_inventory_has_three_findings() -> None:
    """Three advisories affect two packages; the others have none."""
    found = [
        (package, str(advisory["id"]))
        for package, version in INVENTORY
        for advisory in ADVISORIES
        if affects(advisory, package, Version(version))
    ]
    assert found == [
        ("requests", "PYSEC-2023-74"),
        ("Werkzeug", "PYSEC-2023-57"),
        ("Werkzeug", "PYSEC-2023-58"),
    ]
