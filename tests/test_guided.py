"""The coverage-guided search."""

import random
from pathlib import Path

from tests.guided import MAX_BYTES, Search, Target, steps_below

HERE = Path(__file__)


def four_letters(data: bytes) -> None:
    """Fail for one start of four billion; each right letter is a step of its own."""
    if data[:1] != b"{":
        return
    if data[1:2] != b"[":
        return
    if data[2:3] != b"\xff":
        return
    assert data[3:4] != b"-"


def test_steps_lead_to_an_input_that_chance_does_not_find() -> None:
    """An input that gets further is kept, and mutated again; without its steps none is found."""
    for folder, is_found in ((HERE, True), (HERE / "nowhere", False)):
        search = Search(Target(four_letters, [b"...."], folder), random.Random(1))
        found = search.run(executions=10_000)
        assert (found is not None) == is_found
        if found is not None:
            assert found[:4] == b"{[\xff-"
            assert len(search.corpus) == 4


def test_inputs_stay_small() -> None:
    """A mutation that doubles an input does not do so for ever."""
    sizes: list[int] = []
    search = Search(
        Target(lambda data: sizes.append(len(data)), [b"x" * 1500], HERE), random.Random(1)
    )
    assert search.run(executions=500) is None
    assert 1500 < max(sizes) <= MAX_BYTES


def test_the_tracer_before_is_set_again() -> None:
    """Coverage of the tests goes on after a search."""
    with steps_below(str(HERE)) as outer:
        with steps_below(str(HERE)):
            four_letters(b"")
        assert not outer
        four_letters(b"")
    assert outer
