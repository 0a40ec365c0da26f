"""The public names of on-call are one sorted list, and each is imported when it is first used."""

from importlib import import_module

import pytest

from securenet_obs import oncall


def test_public_names_are_sorted_and_exist() -> None:
    """`__all__` is sorted, and each of its names is an attribute that `dir` lists."""
    groups = sorted(name for name in oncall.__all__ if name[0].isupper())
    groups += sorted(name for name in oncall.__all__ if name.islower())
    assert oncall.__all__ == groups
    assert set(oncall.__all__) <= set(dir(oncall))
    for name in oncall.__all__:
        assert getattr(oncall, name)


def test_each_name_is_defined_by_its_module() -> None:
    """The table of lazy imports is complete."""
    names = [name for names in oncall._NAMES.values() for name in names]
    assert sorted(names) == sorted(oncall.__all__)
    for module, defined in oncall._NAMES.items():
        for name in defined:
            assert hasattr(import_module(f"securenet_obs.oncall.{module}"), name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for every module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = oncall.nothing
