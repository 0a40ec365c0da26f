"""Private parts of other packages can change with any release: such packages are bounded."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import securenet_obs

ROOT = Path(__file__).parent.parent
PACKAGE = "securenet_obs"
OWNERS = packages_distributions()
DOCUMENTED = {"_asdict", "_exit", "_fields", "_make", "_replace"}
"""Underscore names that the standard library documents."""


def foreign(module: str) -> str:
    """Return the distribution that a module comes from, if it is neither ours nor Python's."""
    top = module.partition(".")[0]
    if top == PACKAGE or top in sys.stdlib_module_names:
        return ""
    return canonicalize_name(OWNERS[top][0])


def is_private(name: str) -> bool:
    """Say whether a name is private and no documented exception."""
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def classes() -> Iterator[type]:
    """Yield every class of the package."""
    for found in pkgutil.walk_packages(securenet_obs.__path__, f"{PACKAGE}."):
        # It runs in Bugsink's environment, and the other on being imported.
        if found.name.endswith((".bugsink_server", ".__main__")):
            continue
        module = importlib.import_module(found.name)
        for _, each in inspect.getmembers(module, inspect.isclass):
            if each.__module__ == found.name:
                yield each


def overridden() -> set[str]:
    """Return the distributions of which a private method is overridden."""
    found = set()
    for each in classes():
        for name, value in vars(each).items():
            if is_private(name) and inspect.isroutine(value):
                found |= {
                    foreign(base.__module__)
                    for base in each.__mro__[1:]
                    if inspect.isroutine(vars(base).get(name))
                    and getattr(value, "__module__", PACKAGE).startswith(PACKAGE)
                }
    return found - {""}


def touched() -> set[str]:
    """Return the distributions whose objects have private attributes that are used here."""
    found = set()
    for file in (ROOT / PACKAGE).rglob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text())))
        attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
        others = [each for each in attributes if ast.unparse(each.value) not in {"self", "cls"}]
        names = {each.attr for each in others if is_private(each.attr)}
        for node in nodes if names else []:
            if isinstance(node, ast.ImportFrom) and (name := foreign(node.module or "")):
                found |= {name} if defines(name, names) else set()
    return found


def defines(name: str, attributes: set[str]) -> bool:
    """Say whether the code of a distribution has one of these attributes."""
    pattern = re.compile(rf"(?:self\.|def )(?:{'|'.join(attributes)})\b")
    files = [file for file in distribution(name).files or [] if file.suffix == ".py"]
    return any(pattern.search(Path(str(file.locate())).read_text()) for file in files)


def test_a_package_of_which_private_parts_are_used_has_an_upper_bound() -> None:
    """The next release of any such package is tried here before it is installed anywhere."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    bounded = {
        canonicalize_name(requirement.name)
        for requirement in map(Requirement, lines)
        if any(each.operator in {"<", "<=", "~="} for each in requirement.specifier)
    }
    # Jobs of billiard come from Celery's pool: nothing imports their class.
    used = overridden() | touched() | {"billiard"}
    assert {"jupyter-client", "nbclient", "ipykernel", "celery", "kombu"} <= used
    assert used - bounded == set()
