"""Upper version bounds of packages with private parts that ours uses: these may change any time."""

import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.overrides import OWNERS, ROOT, foreign, is_private, uses


def privately_used() -> set[str]:
    """Return the distributions with private parts that ours overrides, reads or replaces."""
    parts = [name for name in uses() if is_private(name.rpartition(".")[2])]
    owners = [owner for each in OWNERS.values() for owner in each]
    return {foreign(name.partition(":")[0]) for name in (*parts, *owners)}


def test_packages_with_used_private_parts_have_an_upper_bound() -> None:
    """A new release of such a package is tested here before it can be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    bounded = {
        canonicalize_name(requirement.name)
        for requirement in map(Requirement, lines)
        if any(each.operator in {"<", "<=", "~="} for each in requirement.specifier)
    }
    used = privately_used()
    assert {"billiard", "celery", "ipykernel", "jupyter-client", "kombu", "nbclient"} <= used
    assert used - bounded == set()
