"""Interface of the sources that may hold copies of a secret; a copy, and a place not searched."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from securenet_obs.oncall.copies.spelled import Spelled

UNKNOWN = "unknown"
"""The time since when a copy exists, if its place has none."""


@dataclass(frozen=True)
class Copy:
    """The copies of one secret in one place.

    Args:
        secret: name of the secret.
        where: the place, in words, without the secret.
        count: number of copies.
        since: time of the first copy, ISO 8601 in UTC; `unknown` if its place has none.
        purges: the effect of `purge` on the place, in the imperative.
        purge: removes the copies that are in the place then. Raises ActionError, a ProbeError or
            a StoreUnavailableError.
        holds_task: whether the place holds tasks that wait or run: a mask changes their arguments.
    """

    secret: str
    where: str
    count: int
    since: str
    purges: str
    purge: Callable[[], None] = field(repr=False)
    holds_task: bool = False


@dataclass(frozen=True)
class Skipped:
    """A place that was not searched, and the reason."""

    where: str
    reason: str


class Source(Protocol):
    """A part of the target that may hold copies. The secret is never sent to it."""

    def search(self, secrets: Spelled) -> Iterator[Copy | Skipped]:
        """Yield the copies, and the places that cannot be searched; write nothing."""

    def settle(self) -> None:
        """Remove the source's own remains of purged copies, such as files of Redis."""
