"""Walks an exception, its causes and the members of its groups: each once, within a bound."""

from collections.abc import Iterator
from dataclasses import dataclass

from securenet_obs.monitoring.foreign_objects import (
    cause_of,
    context_of,
    members_of,
    suppresses_context,
)

MAX_EXCEPTIONS = 50
"""Exceptions of one event: the error itself, its causes, and the members of groups."""


@dataclass(frozen=True)
class ExceptionPart:
    """An exception of the tree: its number, its parent's, and the attribute that names it there."""

    error: BaseException
    number: int
    parent: int | None
    source: str | None


def exceptions_of(error: BaseException) -> Iterator[ExceptionPart]:
    """Yield the exception and all that it leads to, each once, a cause before a group's members."""
    seen: dict[int, BaseException] = {}
    waiting: list[tuple[BaseException, int | None, str | None]] = [(error, None, None)]
    while waiting and len(seen) < MAX_EXCEPTIONS:
        current, parent, source = waiting.pop()
        if id(current) in seen:
            continue
        number = len(seen)
        seen[id(current)] = current
        yield ExceptionPart(current, number, parent, source)
        members = members_of(current)[: MAX_EXCEPTIONS - number]
        following = [(each, number, f"exceptions[{at}]") for at, each in enumerate(members)]
        cause, name = _cause(current)
        if cause is not None:
            following.insert(0, (cause, number, name))
        waiting += reversed(following)


def _cause(error: BaseException) -> tuple[BaseException | None, str]:
    if suppresses_context(error):
        return cause_of(error), "__cause__"
    return context_of(error), "__context__"
