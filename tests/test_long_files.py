"""The longest test files begin first."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.long_files import longest_files, order_by_file


def test_every_long_file_exists() -> None:
    """A file that was renamed would run last."""
    assert [path for path in longest_files() if not path.is_file()] == []


def test_files_are_ordered_and_tests_stay_in_order() -> None:
    """The listed files come first; the tests of a file, and all other files, keep their order."""
    items: list[Any] = [
        SimpleNamespace(path=Path(path), name=name)
        for path, name in [("a", "2"), ("a", "1"), ("b", "1"), ("c", "2"), ("c", "1")]
    ]
    order_by_file(items, [Path("c"), Path("b")])
    assert "".join(f"{item.path}{item.name}" for item in items) == "c2c1b1a2a1"


def test_this_session_is_ordered(request: pytest.FixtureRequest) -> None:
    """The order is that in which pytest runs, and xdist distributes, the files."""
    items = request.session.items
    paths = [item.path for item in items]
    order_by_file(ordered := list(items), longest_files())
    assert paths == [item.path for item in ordered]
