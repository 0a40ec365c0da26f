"""Reader of CycloneDX; public examples are read whole."""

import json
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.detection.vulnerabilities.components import Component, Problem
from securenet_obs.detection.vulnerabilities.inventory.cyclonedx import VERSIONS, read_cyclonedx
from securenet_obs.errors import InventoryError

EXAMPLES = Path(__file__).parents[5] / "shared" / "data" / "sbom"


def bom(*components: Any, version: str = "1.6") -> dict[str, Any]:
    """Return a bill of materials."""
    return {"bomFormat": "CycloneDX", "specVersion": version, "components": list(components)}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_read(version: str) -> None:
    """A component is read by its purl, nested ones too, in each version of the specification."""
    nested = {"type": "library", "name": "b", "version": "2", "purl": "pkg:npm/%40s/b@2.0.0"}
    outer = {"type": "library", "name": "a", "version": "1", "purl": "pkg:pypi/a@1"}
    entries = list(read_cyclonedx(bom({**outer, "components": [nested]}, version=version), "bom"))
    rows = [
        (row.package.ecosystem, row.name, row.version)
        for row in entries
        if isinstance(row, Component)
    ]
    assert rows == [("PyPI", "a", "1"), ("npm", "@s/b", "2.0.0")]


def test_each_invalid_component_is_a_problem_of_its_place() -> None:
    """The others are read; one without a purl has the reason, files are left out."""
    components = [
        {"type": "library", "name": "a", "version": "1", "purl": "pkg:pypi/a"},
        {"type": "no such type", "name": "b"},
        {"type": "library", "name": "c", "purl": "not a purl"},
        7,
        {"type": "application", "name": "d", "version": "4"},
        {"type": "file", "name": "e.txt"},
    ]
    entries = list(read_cyclonedx(bom(*components), "bom"))
    rows = [(row.name, row.version, row.unjudged) for row in entries if isinstance(row, Component)]
    assert rows == [("a", "1", ""), ("d", "4", "it has no purl")]
    problems = [row.place for row in entries if isinstance(row, Problem)]
    assert problems == [f"bom: components[{n}]" for n in (1, 2, 3)]


@pytest.mark.parametrize("version", ["1.1", "2.0", None, 1.6])
def test_another_version_is_refused(version: Any) -> None:
    """An unknown version of the specification is not guessed at."""
    with pytest.raises(InventoryError, match="specVersion"):
        list(read_cyclonedx({"specVersion": version}, "bom"))


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples are not on this machine")
@pytest.mark.parametrize(
    ("name", "ecosystem", "number"),
    [("cern-lhc-vdm-editor", "npm", 43), ("laravel-7.12.0", "Packagist", 62)],
)
def test_public_examples_are_read(name: str, ecosystem: str, number: int) -> None:
    """Each component of the example has a package and a version."""
    document = json.loads((EXAMPLES / f"{name}.bom.json").read_text())
    entries = list(read_cyclonedx(document, name))
    judged = [row for row in entries if isinstance(row, Component) and not row.unjudged]
    assert len(judged) == len(entries) == number
    assert {row.package.ecosystem for row in judged} == {ecosystem}
