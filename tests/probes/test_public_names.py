"""The package `probes`: its public names, each imported when it is first used."""

import subprocess
import sys
from importlib import import_module

import pytest

from securenet_obs import probes


def test_public_names_are_sorted_and_exist() -> None:
    """`__all__` is sorted, and each of its names is an attribute that `dir` lists."""
    # The order of ruff: constants, classes, functions.
    groups = [name for name in probes.__all__ if name.isupper()]
    groups += sorted(name for name in probes.__all__ if name[0].isupper() and not name.isupper())
    groups += sorted(name for name in probes.__all__ if name.islower())
    assert probes.__all__ == groups
    assert set(probes.__all__) <= set(dir(probes))
    for name in probes.__all__:
        assert getattr(probes, name) is not None


def test_each_name_has_the_module_that_type_checkers_see() -> None:
    """The table of modules has exactly the public names, each where it is defined."""
    names = [name for names in probes._NAMES.values() for name in names]
    assert sorted(names) == sorted(probes.__all__)
    for module, defined in probes._NAMES.items():
        found = import_module(f"securenet_obs.probes.{module}")
        for name in defined:
            assert getattr(probes, name) is getattr(found, name)
            assert getattr(getattr(probes, name), "__module__", found.__name__) == found.__name__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A wrong name fails as in any module, and imports nothing."""
    with pytest.raises(AttributeError, match=r"securenet_obs\.probes.*no attribute 'log_fram'"):
        _ = probes.log_fram  # type: ignore[attr-defined]


def test_importing_the_package_imports_no_library() -> None:
    """Reading lines needs neither pandas nor Celery, and a frame of logs no Celery."""
    code = """
import sys
from securenet_obs import probes
probes.check_lines
print(*sorted({"pandas", "numpy", "celery", "httpx", "redis"} & sys.modules.keys()))
from securenet_obs.probes import log_frame
print(*sorted({"pandas", "celery", "httpx", "redis"} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True
    )
    assert done.stdout.splitlines() == ["", "pandas"]
