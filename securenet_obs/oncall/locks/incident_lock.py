"""Lock of an incident: acting takes it, the end of the run releases it, else it expires."""

from collections.abc import Callable
from typing import Protocol

from securenet_obs.errors import SecureNetObsError
from securenet_obs.oncall.locks.holder import Holder


class Place(Protocol):
    """A place that keeps at most one holder, and forgets it after `holder.EXPIRY_S`.

    Every method raises a `SecureNetObsError` if the place does not answer.
    """

    def read(self) -> Holder | None:
        """Return the holder; None if the lock is free. Write nothing."""

    def replace(self, expected: Holder | None, holder: Holder | None) -> bool:
        """Exchange the holder for another, or for none, at once.

        Returns:
            False, without a change, if another than the expected one holds the lock.
        """


class IncidentLock:
    """The lock of one target, for one run of a runbook.

    Args:
        home: the place of this run's lock.
        open_other: returns the place of runbooks that repair `home`; called by `take`.
    """

    def __init__(self, home: Place, open_other: Callable[[], Place | None] = lambda: None) -> None:
        self._home = home
        self._open_other = open_other
        self._held: Holder | None = None

    def describe(self) -> str:
        """Return the holder in words; write nothing."""
        try:
            holder = self._home.read()
        except SecureNetObsError as error:
            return f"unknown, the incident lock cannot be read: {error}"
        return holder.describe() if holder else "nobody: the incident lock is free"

    def take(self, who: str, runbook: str, *, is_named: bool) -> str:
        """Take the lock; return the other holder in words, empty if it is this run.

        A user takes over a lock of the same name: if the name was given, in the same process, or
        once the process that holds it has ended. Without a given name, two persons may share it.

        Args:
            who: name of the user.
            runbook: name of the runbook.
            is_named: whether the user gave the name.

        Raises:
            SecureNetObsError: the lock's place does not answer.
        """
        current = self._home.read()
        if not (
            current is None
            or current == self._held
            or _may_take_over(current, who, is_named=is_named)
        ):
            return _refuse(current)
        ours = Holder.here(who, runbook)
        if not self._home.replace(current, ours):
            return "another run took the incident lock at this moment"
        self._held = ours
        if elsewhere := self._read_other(who, is_named=is_named):
            self.release()
            return _refuse(elsewhere)
        return ""

    def release(self) -> None:
        """Release the lock if this run holds it.

        Raises:
            SecureNetObsError: its place does not answer; the lock expires by itself.
        """
        held, self._held = self._held, None
        if held is not None:
            self._home.replace(held, None)

    def _read_other(self, who: str, *, is_named: bool) -> Holder | None:
        """Return another holder in the other place; a place that does not answer has none."""
        try:
            other = self._open_other()
            holder = other.read() if other else None
        except SecureNetObsError:
            return None
        is_foreign = holder is not None and not _may_take_over(holder, who, is_named=is_named)
        return holder if is_foreign else None


def _may_take_over(holder: Holder, who: str, *, is_named: bool) -> bool:
    return holder.who == who and (is_named or holder.is_here() or holder.has_ended())


def _refuse(holder: Holder) -> str:
    return f"{holder.describe()}, at the latest until {holder.ends_at}"
