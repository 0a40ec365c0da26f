"""Reads transactions and check-ins from the relay, which has them as the SDK sent them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from securenet_obs.errors import UnreachableError
from securenet_obs.probes.telemetry.readers import (
    IN_PROGRESS,
    CheckIn,
    PollingReader,
    Span,
    Transaction,
)
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings


class RelayReader(PollingReader):
    """Reader of the items that one relay has stored."""

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: the relay's address or the token is missing.
        """
        super().__init__(settings, settings.sentry_relay_url, "SENTRY_RELAY_URL")

    def _read_transactions(self, trace_id: str, deadline: Deadline) -> list[Transaction]:
        rows = self._read_items({"kind": "transaction", "trace_id": trace_id}, deadline)
        return [_parse_transaction(row["payload"]) for row in rows]

    def _read_check_ins(self, monitor: str, deadline: Deadline) -> list[CheckIn]:
        return _merge_check_ins(self._read_items({"kind": "check_in", "name": monitor}, deadline))

    def read_payloads(self, deadline_s: float, **query: str) -> list[dict[str, Any]]:
        """Return the payloads of all stored items, or of those that match the query, oldest first.

        Args:
            deadline_s: seconds that the relay has to answer.
            query: `kind`, `trace_id` or `name` of the items.

        Raises:
            ForbiddenError: the token may not read them.
            UnreachableError: no valid answer before the deadline.
        """
        rows = self._read_items(query, Deadline.after(deadline_s))
        return [row["payload"] for row in rows]

    def _read_items(self, query: Mapping[str, str], deadline: Deadline) -> Iterator[dict[str, Any]]:
        """Yield the items that match, page after page."""
        after = 0
        while True:
            page = self._api.get("/relay/items/", {**query, "after": str(after)}, deadline=deadline)
            if not _is_page(page, after):
                raise UnreachableError(
                    f"{self._api.url} does not answer like a relay; check SENTRY_RELAY_URL."
                )
            yield from page["items"]
            if page["next"] is None:
                return
            after = page["next"]


def _is_page(page: Any, after: int) -> bool:
    """Return whether a page has the shape of the relay's, and the next one, if any, is later."""
    if not isinstance(page, dict) or not isinstance(page.get("items"), list):
        return False
    following = page.get("next", "missing")
    return all(_is_row(row) for row in page["items"]) and (
        following is None or (isinstance(following, int) and following > after)
    )


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("payload"), dict)
        and isinstance(row.get("received"), int | float)
    )


def _parse_transaction(payload: Mapping[str, Any]) -> Transaction:
    trace, spans = payload["contexts"]["trace"], payload.get("spans") or []
    return Transaction(
        trace_id=trace["trace_id"],
        span_id=str(trace.get("span_id")),
        parent_span_id=trace.get("parent_span_id"),
        name=payload.get("transaction") or "",
        op=trace.get("op"),
        spans=tuple(_parse_span(span) for span in spans if isinstance(span, dict)),
    )


def _parse_span(span: Mapping[str, Any]) -> Span:
    return Span(
        str(span.get("span_id")),
        span.get("parent_span_id"),
        span.get("op"),
        span.get("description"),
    )


def _merge_check_ins(rows: Iterator[Mapping[str, Any]]) -> list[CheckIn]:
    """Return one check-in for each id; a final status is not replaced by one in progress."""
    merged: dict[str, CheckIn] = {}
    for row in rows:
        payload = row["payload"]
        status, check_in_id = str(payload.get("status")), str(payload.get("check_in_id"))
        earlier = merged.get(check_in_id)
        began = earlier.began if earlier else datetime.fromtimestamp(row["received"], UTC)
        if earlier is None or status != IN_PROGRESS:
            merged[check_in_id] = CheckIn(status, began)
    return list(merged.values())
