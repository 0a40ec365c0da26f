"""Reads transactions and check-ins from Sentry, by its documented API of traces and monitors."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from securenet_obs.errors import SettingsError, UnreachableError
from securenet_obs.probes.telemetry.readers import (
    CheckIn,
    PollingReader,
    Span,
    Transaction,
)
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings

_Node = Mapping[str, Any]


class SentryReader(PollingReader):
    """Reader of the traces and monitors of one Sentry organisation.

    Sources: docs.sentry.io/api/discover/retrieve-a-trace/ and
    docs.sentry.io/api/crons/retrieve-checkins-for-a-monitor/.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: the address, the organisation or the token is missing.
        """
        if not settings.sentry_org:
            raise SettingsError("SENTRY_ORG is not set; it is needed to read traces back.")
        self._path = f"/api/0/organizations/{quote(settings.sentry_org, safe='')}"
        super().__init__(settings, settings.sentry_url, "SENTRY_URL")

    def _read_transactions(self, trace_id: str, deadline: Deadline) -> list[Transaction]:
        path = f"{self._path}/trace/{quote(trace_id, safe='')}/"
        nodes = self._read_list(path, {"statsPeriod": "24h"}, deadline)
        return [_build_transaction(trace_id, node) for node in _walk(nodes, _is_transaction)]

    def _read_check_ins(self, monitor: str, deadline: Deadline) -> list[CheckIn]:
        path = f"{self._path}/monitors/{quote(monitor, safe='')}/checkins/"
        return [self._parse_check_in(row) for row in self._read_list(path, None, deadline)]

    def _read_list(
        self, path: str, query: Mapping[str, str] | None, deadline: Deadline
    ) -> list[_Node]:
        answer = self._api.get(path, query, deadline=deadline)
        if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
            raise UnreachableError(f"{self._api.url} does not answer like Sentry at {path}.")
        return answer

    def _parse_check_in(self, row: _Node) -> CheckIn:
        try:
            return CheckIn(str(row["status"]), datetime.fromisoformat(row["dateCreated"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UnreachableError(
                f"{self._api.url} returned a check-in without status and dateCreated."
            ) from error


def _is_transaction(node: _Node) -> bool:
    return bool(node.get("is_transaction"))


def _walk(nodes: list[_Node], is_wanted: Any, *, stop: bool = False) -> Iterator[_Node]:
    """Yield the nodes that match, and those below them; with `stop`, none below another.

    Without recursion: a trace may be nested deeper than Python's stack.
    """
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        wanted = is_wanted(node)
        if wanted:
            yield node
        if wanted or not stop:
            waiting += reversed(node.get("children") or [])


def _build_transaction(trace_id: str, node: _Node) -> Transaction:
    """Return the transaction of a node; its spans are the nodes below, up to other transactions."""
    spans = _walk(node.get("children") or [], _is_inner_span, stop=True)
    return Transaction(
        trace_id=trace_id,
        span_id=str(node.get("event_id")),
        parent_span_id=node.get("parent_span_id"),
        name=str(node.get("transaction") or ""),
        op=node.get("op"),
        spans=tuple(_build_span(span) for span in spans),
    )


def _is_inner_span(node: _Node) -> bool:
    return node.get("event_type") == "span" and not _is_transaction(node)


def _build_span(node: _Node) -> Span:
    return Span(
        str(node.get("event_id")),
        node.get("parent_span_id"),
        node.get("op"),
        node.get("description") or node.get("name"),
    )
