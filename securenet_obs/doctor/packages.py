"""Diagnoses of Python: its version, the packages of each extra, versions that are known as bad."""

import platform
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from securenet_obs.doctor.diagnosis import Diagnosis, name_absence
from securenet_obs.probes.celery.versions import find_bad_versions

PRODUCT = "securenet-obs"

_PURPOSES = {
    "": "every command",
    "detection": "workers that count network logs",
    "notebooks": "validations, runbooks and JupyterLab",
    "local": "the local stack",
    "postgres": "PostgreSQL as the store",
    "flower": "Celery's web page",
    "dev": "development of securenet-obs",
}
_NEEDED = ("", "notebooks")
_NEEDED_BY_STACK = ("detection", "local")
_JUDGED = ("celery", "kombu")


def examine_python(*, is_stack_needed: bool) -> Iterator[Diagnosis]:
    """Diagnose the Python version, and the packages of the product and of each extra.

    Args:
        is_stack_needed: whether the extras of the local stack are needed, too.
    """
    bounds = distribution(PRODUCT).metadata["Requires-Python"]
    running = platform.python_version()
    fits = SpecifierSet(bounds).contains(running, prereleases=True)
    remedy = "" if fits else "make PYTHON=/path/to/python3.12, or a newer conda Python"
    observed = f"{running}, {bounds} is needed"
    yield Diagnosis("Python", "ok" if fits else "missing", observed, _PURPOSES[""], remedy)
    needed = (*_NEEDED, *(_NEEDED_BY_STACK if is_stack_needed else ()))
    for extra, lacking in find_lacking().items():
        name = f"extra {extra}" if extra else "packages"
        if not lacking:
            yield Diagnosis(name, "ok", "installed within the bounds", _purpose(extra))
            continue
        state = name_absence(is_needed=extra in needed)
        yield Diagnosis(name, state, ", ".join(lacking), _purpose(extra), _install(extra))


def find_lacking() -> dict[str, list[str]]:
    """Return, for each extra and for the product (an empty name), the packages that are lacking.

    A package with a version outside of its bounds is lacking, too.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for extra in ("", *(distribution(PRODUCT).metadata.get_all("Provides-Extra") or ())):
        found[extra] = []
    for line in distribution(PRODUCT).requires or ():
        requirement = Requirement(line)
        for extra in found:
            if _is_asked_by(requirement, extra) and (lack := _describe_lack(requirement)):
                found[extra].append(lack)
    return dict(found)


def _is_asked_by(requirement: Requirement, extra: str) -> bool:
    """Return whether an extra alone asks for a requirement; the empty one is the product."""
    marker = requirement.marker
    if marker is None:
        return extra == ""
    if extra and marker.evaluate({"extra": ""}):
        return False
    return marker.evaluate({"extra": extra})


def _describe_lack(requirement: Requirement) -> str:
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(installed, prereleases=True):
        return ""
    return f"{requirement.name} {installed} is not {requirement.specifier}"


def _purpose(extra: str) -> str:
    return _PURPOSES.get(extra, extra)


def _install(extra: str) -> str:
    """Return the command that installs an extra: of the checkout, if this is one."""
    if (Path(__file__).parents[2] / "Makefile").exists():
        return "make install"
    return f"{Path(sys.executable)} -m pip install '{PRODUCT}{f'[{extra}]' if extra else ''}'"


def examine_versions() -> Iterator[Diagnosis]:
    """Diagnose the installed versions that are known as bad."""
    installed = {name: version(name) for name in _JUDGED}
    bad = find_bad_versions(installed)
    for sentence in bad:
        yield Diagnosis("versions", "missing", sentence, _purpose(""), _install(""))
    if not bad:
        shown = ", ".join(f"{name} {number}" for name, number in installed.items())
        yield Diagnosis("versions", "ok", f"{shown}: none is known as bad", _purpose(""))
