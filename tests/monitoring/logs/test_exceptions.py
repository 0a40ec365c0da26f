"""Structured frames of an exception and its causes."""

import contextlib
from typing import Any

import pytest
from structlog.tracebacks import ExceptionDictTransformer

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


class AnsweringError(Exception):
    """An exception that answers any name."""

    def __init__(self, answer: Any) -> None:
        super().__init__("refused")
        self.__dict__["answer"] = answer

    def __getattr__(self, name: str) -> Any:
        """Return the same for any name."""
        return self.__dict__["answer"]


def refuse(*_: Any, **__: Any) -> Any:
    """Raise."""
    raise RuntimeError("refused")


class RefusingError(Exception):
    """An exception that raises for any name and any operator."""

    __getattribute__ = __str__ = __repr__ = __eq__ = __hash__ = __bool__ = __len__ = refuse
    __class__ = __dict__ = __cause__ = __context__ = property(refuse)  # type: ignore[assignment]
    __traceback__ = __notes__ = args = property(refuse)  # type: ignore[assignment]


HOSTILE: list[BaseException] = [
    AnsweringError(None), AnsweringError(7), AnsweringError(AnsweringError), RefusingError("x"),
    ExceptionGroup("g", [RefusingError(), AnsweringError("x")]), KeyError(RefusingError()),
    SyntaxError("m", (RefusingError(), 7.5, None, b"")),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_an_exception_is_never_asked_for_its_attributes(number: int) -> None:
    """Neither an exception that answers any name nor one that raises costs a part of the line."""
    cause = HOSTILE[number]
    error = caught(ValueError("outer"))
    error.__cause__ = cause
    first, second = exception_parts(error, None)
    assert first["exc_value"] == "outer"
    assert second["exc_type"] == type(cause).__name__
    assert (second["is_cause"], type(second["exc_value"])) == (True, str)
    assert all(type(note) is str for note in second["exc_notes"])


def test_a_hostile_exception_costs_neither_line_nor_field(run: Any) -> None:
    """Each of them is logged by both kinds of loggers, with its frames and the line's fields."""
    finished = run(
        """
        import logging, structlog
        from securenet_obs.monitoring import start_monitoring
        from securenet_obs.settings import get_settings
        from tests.monitoring.logs.test_exceptions import HOSTILE
        start_monitoring(get_settings(), "billing")
        for error in HOSTILE:
            try:
                raise error
            except BaseException:
                structlog.get_logger("ours").warning("failed", exc_info=True, tenant_id="acme")
                logging.getLogger("theirs").exception("failed", extra={"tenant_id": "acme"})
        """
    )
    lines = [line for line in finished.lines if line["event"] != "sentry_disabled"]
    assert [line["event"] for line in lines] == ["failed"] * 2 * len(HOSTILE)
    assert {line["tenant_id"] for line in lines} == {"acme"}
    assert {line["exception"][0]["frames"][-1]["name"] for line in lines} == {"<module>"}


def test_the_format_is_that_of_structlog() -> None:
    """An ordinary exception is converted as structlog's own converter does it."""

    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        raise ExceptionGroup("g", [caught(ValueError("a")), TypeError("b")])

    with pytest.raises(ExceptionGroup) as raised:
        deep(120)
    error = raised.value
    error.add_note("note")
    theirs = ExceptionDictTransformer(show_locals=False, max_frames=50)
    expected = theirs((type(error), error, error.__traceback__))
    assert exception_parts(error, error.__traceback__) == expected
