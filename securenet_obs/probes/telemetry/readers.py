"""Readers of traces and check-ins: interface, polling base class, types (Transaction, Span)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.http.json_api import JsonApi, poll
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings

IN_PROGRESS = "in_progress"
"""Status of a check-in whose task has not finished; the others are final."""


@dataclass(frozen=True)
class Span:
    """One operation of a transaction: its id, that of its parent, its kind and description."""

    span_id: str
    parent_span_id: str | None
    op: str | None
    description: str | None


@dataclass(frozen=True)
class Transaction:
    """A traced request or task, with the spans inside of it.

    `span_id` is that of its root; `parent_span_id` is that of the span that sent it, in another
    process, if any.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    op: str | None
    spans: tuple[Span, ...]

    @property
    def span_ids(self) -> set[str]:
        """Ids of its root and its spans."""
        return {self.span_id, *(span.span_id for span in self.spans)}


@dataclass(frozen=True)
class CheckIn:
    """One run of a monitored entry: its last known status, and the time at which it began."""

    status: str
    began: datetime


class TelemetryReader(Protocol):
    """A backend from which transactions and check-ins can be read back."""

    @property
    def stored_kinds(self) -> frozenset[str]:
        """Kinds of data that this backend stores, of `transactions` and `check-ins`."""
        ...

    def find_transactions(
        self, trace_id: str, deadline_s: float, *, expected: int = 1
    ) -> list[Transaction]:
        """Return the transactions of a trace, polling until there are enough.

        Args:
            trace_id: 32 hexadecimal digits.
            deadline_s: seconds after which the transactions that have arrived are the answer.
            expected: number of transactions that ends the polling.

        Raises:
            NotFoundError: the backend answers, but has no transaction of this trace.
            ForbiddenError: the token may not read it; raised at once.
            UnreachableError: no valid answer until the deadline.
            NotStoredError: this backend drops transactions, so waiting is pointless.
        """
        ...

    def check_ins(self, monitor: str, deadline_s: float) -> list[CheckIn]:
        """Return the last check-ins of a monitor, newest first.

        Args:
            monitor: slug of the monitor, which is the name of its beat entry.
            deadline_s: seconds to wait for the first check-in of the monitor.

        Raises:
            NotFoundError, ForbiddenError, UnreachableError: as `find_transactions` does.
            NotStoredError: this backend drops check-ins.
        """
        ...


class PollingReader(ABC):
    """Base of the readers that poll an API with the token of Sentry.

    Args:
        settings: the target's settings.
        url: address of the API.
        variable: the setting that holds the address.

    Raises:
        SettingsError: the address or the token is missing.
    """

    stored_kinds = frozenset({"transactions", "check-ins"})

    def __init__(self, settings: Settings, url: str, variable: str) -> None:
        token = settings.sentry_auth_token.get_secret_value()
        self._api = JsonApi(url, variable, token, "SENTRY_AUTH_TOKEN")

    def find_transactions(
        self, trace_id: str, deadline_s: float, *, expected: int = 1
    ) -> list[Transaction]:
        """Return the transactions of a trace; see `TelemetryReader.find_transactions`."""
        read = partial(self._read_transactions, trace_id)
        return poll_transactions(read, trace_id, deadline_s, expected)

    def check_ins(self, monitor: str, deadline_s: float) -> list[CheckIn]:
        """Return a monitor's check-ins; see `TelemetryReader.check_ins`."""
        return poll_check_ins(partial(self._read_check_ins, monitor), monitor, deadline_s)

    @abstractmethod
    def _read_transactions(self, trace_id: str, deadline: Deadline) -> list[Transaction]: ...

    @abstractmethod
    def _read_check_ins(self, monitor: str, deadline: Deadline) -> list[CheckIn]: ...


def poll_transactions(
    read: Callable[[Deadline], Sequence[Transaction]],
    trace_id: str,
    deadline_s: float,
    expected: int,
) -> list[Transaction]:
    """Poll until a trace has enough transactions; see `TelemetryReader.find_transactions`."""
    found: list[Transaction] = []

    def ask(deadline: Deadline) -> list[Transaction]:
        found[:] = read(deadline)
        if len(found) < expected:
            raise NotFoundError(f"the trace has {len(found)} of {expected} transactions.")
        return found

    try:
        return poll(ask, deadline_s)
    except NotFoundError as error:
        if found:
            return found
        raise NotFoundError(
            f"Trace {trace_id} has no transaction after {deadline_s:g} s."
        ) from error


def poll_check_ins(
    read: Callable[[Deadline], list[CheckIn]], monitor: str, deadline_s: float
) -> list[CheckIn]:
    """Poll until a monitor has a check-in; see `TelemetryReader.check_ins`."""

    def ask(deadline: Deadline) -> list[CheckIn]:
        if not (found := read(deadline)):
            raise NotFoundError(f"Monitor {monitor} has no check-in after {deadline_s:g} s.")
        return sorted(found, key=lambda check_in: check_in.began, reverse=True)

    return poll(ask, deadline_s)
