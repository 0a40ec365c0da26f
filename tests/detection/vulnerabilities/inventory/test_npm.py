"""Reader of package-lock.json."""

from typing import Any

from securenet_obs.detection.vulnerabilities.components import Component, Problem
from securenet_obs.detection.vulnerabilities.inventory.npm import read_package_lock


def rows(lock: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, version and reason of each component."""
    entries = read_package_lock(lock, "lock")
    return [(row.name, row.version, row.unjudged) for row in entries if isinstance(row, Component)]


def test_versions_2_and_3_are_read() -> None:
    """Nested, scoped and renamed packages are read; the root and links are left out."""
    packages = {
        "": {"name": "own", "version": "1.0.0"},
        "packages/part": {"version": "1.0.0"},
        "node_modules/part": {"resolved": "packages/part", "link": True},
        "node_modules/a": {"version": "1.2.3"},
        "node_modules/a/node_modules/@scope/b": {"version": "2.0.0"},
        "node_modules/renamed": {"name": "real", "version": "3.0.0"},
        "node_modules/bad": [],
    }
    lock = {"lockfileVersion": 3, "packages": packages}
    assert rows(lock) == [("a", "1.2.3", ""), ("@scope/b", "2.0.0", ""), ("real", "3.0.0", "")]
    problems = [row for row in read_package_lock(lock, "lock") if isinstance(row, Problem)]
    assert [row.place for row in problems] == ["lock: packages['node_modules/bad']"]


def test_version_1_is_read() -> None:
    """Dependencies of dependencies are read; aliases have their own name, URLs no version."""
    dependencies = {
        "a": {"version": "1.0.0", "dependencies": {"b": {"version": "2.0.0"}}},
        "alias": {"version": "npm:@scope/real@3.0.0"},
        "fork": {"version": "git+ssh://git@example.org/fork.git#abc"},
    }
    assert rows({"lockfileVersion": 1, "dependencies": dependencies}) == [
        ("a", "1.0.0", ""),
        ("b", "2.0.0", ""),
        ("@scope/real", "3.0.0", ""),
        ("fork", "", "it is not installed from the registry"),
    ]
