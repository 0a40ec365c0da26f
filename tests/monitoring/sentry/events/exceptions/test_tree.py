"""The exceptions of an event: causes and members, bounded."""

from typing import Any

from securenet_obs.monitoring.sentry.events.exceptions.conversion import (
    exc_info_of,
    exception_values,
)
from securenet_obs.monitoring.sentry.events.exceptions.tree import MAX_EXCEPTIONS
from tests.monitoring.hostile import hostile_classes, raised

HOSTILE = hostile_classes()


def values(error: BaseException) -> list[dict[str, Any]]:
    """Return the exceptions of an event."""
    return exception_values(exc_info_of(error))


def test_a_chain_is_bounded() -> None:
    """A chain of 5,000 exceptions, and a cycle, become a bounded list with the error last."""
    error: BaseException = ValueError("first")
    for number in range(5_000):
        following = ValueError(f"number {number}")
        following.__cause__ = error
        error = following
    assert len(values(error)) == MAX_EXCEPTIONS
    assert values(error)[-1]["value"] == "number 4999"
    cycle, other = ValueError("a"), ValueError("b")
    cycle.__context__, other.__context__ = other, cycle
    assert [value["value"] for value in values(cycle)] == ["b", "a"]


def test_a_group_is_a_tree() -> None:
    """Members have their parent's number and place; hostile members do not cost the others."""
    members = [KeyError("k"), raised(HOSTILE["__getattribute__: a value error"]), OSError(5, "io")]
    group = BaseExceptionGroup("several", members)  # type: ignore[list-item]
    nested = ExceptionGroup(
        "outer", [ValueError("v"), *([group] if isinstance(group, Exception) else [])]
    )
    found = values(nested)[::-1]
    mechanisms = [value["mechanism"] for value in found]
    assert [value["type"] for value in found][:2] == ["ExceptionGroup", "ValueError"]
    assert mechanisms[0]["is_exception_group"]
    assert mechanisms[1]["parent_id"] == 0
    assert mechanisms[1]["source"] == "exceptions[0]"
    assert [each["exception_id"] for each in mechanisms] == list(range(len(found)))
    assert mechanisms[-1]["meta"] == {"errno": {"number": 5}}


def test_a_large_group_is_bounded() -> None:
    """Groups of 100,000 members and groups within groups end at the bound."""
    group = ExceptionGroup("many", [ValueError(str(number)) for number in range(100_000)])
    for _ in range(500):
        group = ExceptionGroup("nested", [group])
    assert len(values(group)) == MAX_EXCEPTIONS
