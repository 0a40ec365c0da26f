"""Searches for examples in the tests' own process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers())
def is_wrong(number: int) -> None:
    assert number < 1000


def test_a_failing_example_has_its_arguments() -> None:
    """No plug-in of pytest, and no test before, may replace the printer of hypothesis."""
    with pytest.raises(AssertionError) as failed:
        is_wrong()
    assert "number=1000" in "\n".join(failed.value.__notes__)
