"""Classification of values."""

from collections import namedtuple
from dataclasses import dataclass

import pytest

from securenet_obs.redaction import kinds

Point = namedtuple("Point", "x y")


@dataclass
class Login:
    user: str


def test_a_record_is_a_dataclass_instance() -> None:
    """The class itself is not a record."""
    assert kinds.is_record(Login("ann"))
    assert not kinds.is_record(Login)


@pytest.mark.parametrize("original", [[1, 2], (1, 2), {1, 2}, frozenset((1, 2)), Point(1, 2)])
def test_a_container_keeps_its_type(original: object) -> None:
    """A named tuple stays a named tuple."""
    made = kinds.rebuild(original, [3, 4])
    assert type(made) is type(original)
    assert sorted(made) == [3, 4]


@pytest.mark.parametrize(
    ("items", "lines", "pairs"),
    [
        (["a\n", "b"], True, False),
        (["a", "b"], False, False),
        ([["name", "value"]], False, True),
        ([("name", "value"), ["a", 1]], False, True),
        ([Point(1, 2)], False, False),
        ([], False, False),
    ],
)
def test_lists_are_lines_or_pairs_or_neither(items: list[object], lines: bool, pairs: bool) -> None:
    """A notebook's text is a list of lines, headers are pairs."""
    assert kinds.are_lines(items) is lines
    assert kinds.are_pairs(items) is pairs


def test_an_image_in_base64_is_binary() -> None:
    """In base64 any match is chance; other text under an image's name is not binary."""
    assert kinds.is_binary("image/png", "iVBORw0KGgo=")
    assert not kinds.is_binary("image/png", "password=hunter2")
    assert not kinds.is_binary("image/svg+xml", "iVBORw0KGgo=")


def test_the_texts_of_an_exception_include_its_causes() -> None:
    """They include its notes, and a cyclic chain ends."""
    error, cause = ValueError("outer"), KeyError("inner")
    error.__cause__, cause.__cause__ = cause, error
    error.add_note("a note")
    (text,) = kinds.object_texts(error)
    assert all(part in text for part in ("outer", "a note", "inner"))
