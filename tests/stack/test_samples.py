"""The samples of a local stack."""

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.advisories.index import build_index
from securenet_obs.detection.vulnerabilities.components import Component
from securenet_obs.detection.vulnerabilities.ecosystems import package_of
from securenet_obs.detection.vulnerabilities.matching import match
from securenet_obs.stack.samples import ADVISORIES, INVENTORY


def test_advisories_have_valid_bounds() -> None:
    """Every interval has a start and an end that PEP 440 can parse."""
    for advisory in ADVISORIES:
        (affected,) = advisory["affected"]
        kinds = [next(iter(event)) for event in affected["ranges"][0]["events"]]
        assert kinds == ["introduced", "fixed"] * (len(kinds) // 2)


def test_sample_inventory_has_three_findings() -> None:
    """Three advisories affect two packages; the others have none."""
    index = build_index(Source(str(row["id"]), row) for row in ADVISORIES)
    components = [Component(package_of("PyPI", name), name, version) for name, version in INVENTORY]
    found = [
        (row.use.name, row.vulnerability.advisory_id) for row in match(components, index).matches
    ]
    assert found == [
        ("requests", "PYSEC-2023-74"),
        ("Werkzeug", "PYSEC-2023-57"),
        ("Werkzeug", "PYSEC-2023-58"),
    ]
