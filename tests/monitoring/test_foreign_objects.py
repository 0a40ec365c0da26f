"""Reading of exceptions and types that replace their own attributes."""

from typing import Any

import pytest

from securenet_obs.monitoring.foreign_objects import (
    cause_of,
    context_of,
    is_exception,
    members_of,
    module_name,
    notes_of,
    own_attribute,
    plain_text,
    repr_of,
    set_own_attribute,
    suppresses_context,
    text_of,
    traceback_of,
    type_name,
)


class Lying(type):
    """A metaclass whose classes answer other names."""

    def __getattribute__(cls, name: str) -> Any:
        """Raise for every name."""
        raise RuntimeError(name)


def refuse(*_: object, **__: object) -> Any:
    """Raise, as any method."""
    raise RuntimeError("refused")


class Hostile(ExceptionGroup[Exception], metaclass=Lying):
    """An exception of which every attribute and operator raises."""

    __getattribute__ = __setattr__ = __delattr__ = __str__ = __repr__ = refuse
    __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __format__ = refuse
    __class__ = __dict__ = __cause__ = __context__ = property(refuse)  # type: ignore[assignment]
    __traceback__ = __suppress_context__ = args = property(refuse)  # type: ignore[assignment]
    __notes__ = exceptions = message = property(refuse)  # type: ignore[assignment]


def hostile() -> Any:
    """Return a raised exception with cause, context, notes and members."""
    error = Hostile("group", [ValueError("member")])
    set_own_attribute(error, "__notes__", ["note"])
    try:
        try:
            raise KeyError("context")
        except KeyError:
            raise error from TypeError("cause")
    except BaseException as raised:  # noqa: BLE001 isinstance of its class would raise
        return raised


def test_no_attribute_of_an_exception_is_its_own_code() -> None:
    """Every part of an exception is read, although its class refuses each of them."""
    error = hostile()
    assert is_exception(error)
    assert type(cause_of(error)) is TypeError
    assert type(context_of(error)) is KeyError
    assert suppresses_context(error) is True
    trace = traceback_of(error)
    assert trace is not None
    assert trace.tb_frame.f_code.co_name == "hostile"
    assert [str(member) for member in members_of(error)] == ["member"]
    assert notes_of(error) == ["note"]
    assert type_name(type(error)) == "Hostile"
    assert module_name(type(error)) == __name__
    assert text_of(error) == "<Hostile without a repr>"
    assert repr_of(error) == "<Hostile without a repr>"


def test_an_attribute_is_stored_on_any_exception() -> None:
    """Neither slots nor a refusing `__setattr__` prevent that an attribute is stored."""
    error = hostile()
    set_own_attribute(error, "mark", 7)
    assert own_attribute(error, "mark") == 7
    assert own_attribute(error, "absent") is None


class AnsweringError(Exception):
    """An exception that answers every name."""

    __notes__ = "not a list"  # type: ignore[assignment]

    def __getattr__(self, name: str) -> None:
        """Answer None for any name."""


def test_answers_to_any_name_are_not_read() -> None:
    """An attribute that only `__getattr__` or the class answers does not exist."""
    error = AnsweringError("text")
    assert notes_of(error) == []
    assert own_attribute(error, "__securenet_event__") is None
    assert (cause_of(error), context_of(error), traceback_of(error)) == (None, None, None)
    assert members_of(error) == ()
    assert suppresses_context(error) is False


@pytest.mark.parametrize("notes", ["text", 7, None, {"a": 1}, object()])
def test_notes_that_are_no_list_are_left_out(notes: object) -> None:
    """Only a list holds notes."""
    error = ValueError()
    error.__notes__ = notes  # type: ignore[assignment]
    assert notes_of(error) == []


def test_an_object_that_claims_to_be_an_exception_is_not_one() -> None:
    """The class that an object answers does not count."""

    class Mock:
        __class__ = ValueError  # type: ignore[assignment]

    assert isinstance(Mock(), ValueError)
    assert not is_exception(Mock())


class Shouting(str):
    """A text whose methods raise."""

    __slots__ = ()
    __str__ = __getitem__ = __len__ = encode = __format__ = __eq__ = refuse  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


class Named:
    def __repr__(self) -> str:
        """Return a text whose methods raise."""
        return Shouting("named")

    def __str__(self) -> str:
        """Raise an exception that is not an `Exception`."""
        raise GeneratorExit


def test_texts_are_exact() -> None:
    """The text of an object is an exact `str`, also if the object returned a subclass."""
    assert type(plain_text(Shouting("a"))) is str
    assert type(repr_of(Named())) is str
    assert repr_of(Named()) == "named"
    assert text_of(Named()) == "named"
    assert text_of(Shouting("a")) == "a"


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_process_is_not_suppressed(end: type[BaseException]) -> None:
    """A signal that arrives while a text is made still ends the process."""

    class Interrupted:
        def __str__(self) -> str:
            """Raise as a signal handler does."""
            raise end

    with pytest.raises(end):
        text_of(Interrupted())
