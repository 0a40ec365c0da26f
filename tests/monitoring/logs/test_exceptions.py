"""Structured frames of an exception and its causes."""

import contextlib

from securenet_obs.monitoring.logs.exceptions import exception_parts


def caught(error: BaseException) -> BaseException:
    """Return the exception, raised."""
    with contextlib.suppress(Exception):
        raise error
    return error


def names(error: BaseException) -> list[tuple[str, bool]]:
    """Return the type of each part, and whether the part is a cause."""
    parts = exception_parts(error, error.__traceback__)
    return [(part["exc_type"], part["is_cause"]) for part in parts]


def test_a_cause_that_was_never_raised_is_included() -> None:
    """`raise ... from SomeError()` includes both exceptions, and the causes of the second."""
    never, deepest = ValueError("never raised"), caught(KeyError("raised"))
    never.__cause__ = deepest
    error = caught(RuntimeError("outer"))
    error.__cause__ = never
    assert names(error) == [("RuntimeError", False), ("ValueError", True), ("KeyError", True)]
    assert exception_parts(error, None)[1]["exc_value"] == "never raised"


def test_cyclic_causes_end() -> None:
    """A cycle of causes, raised or not, is listed once."""
    one, two, three = caught(ValueError()), TypeError(), caught(KeyError())
    one.__cause__, two.__cause__, three.__cause__ = two, three, one
    assert names(one) == [("ValueError", False), ("TypeError", True), ("KeyError", True)]


def test_the_number_of_causes_is_bounded() -> None:
    """Of a thousand causes, only the first are listed."""
    error = first = ValueError()
    for _ in range(1000):
        error.__cause__ = ValueError()
        error = error.__cause__
    assert 10 <= len(names(first)) <= 50
