"""Words that are compared with symptoms."""

import pytest

from securenet_obs.matching.words import read_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a queue rises", "Queues rising"),
        ("Redis is full", "the FULL redis"),
        ("process", "processes"),
    ],
)
def test_forms_of_a_word_are_equal(one: str, other: str) -> None:
    assert read_words(one) == read_words(other) != frozenset()


def test_common_words_are_left_out() -> None:
    assert read_words("it is the one of x") == {"one"} == read_words("one")
