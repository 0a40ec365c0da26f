"""Delivers envelopes to Sentry and keeps account: what was answered, and what was lost and why."""

import threading
from collections import Counter, OrderedDict
from typing import Any

import structlog
from sentry_sdk.envelope import Envelope, Item
from sentry_sdk.transport import HttpTransport

REPORT_EVERY_S = 60.0
"""Seconds between two log lines about events that were lost."""

_REMEMBERED = 1_000

# The only event processors that drop anything here are those that drop what was told already.
_TOLD_BEFORE = "event_processor"

_log = structlog.get_logger(__name__)


class CountingTransport(HttpTransport):
    """The SDK's HTTP transport, which otherwise keeps both a refusal and a loss to itself."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self.statuses: OrderedDict[str, int] = OrderedDict()
        self.lost: Counter[str] = Counter()
        self._unreported: Counter[str] = Counter()
        self._reporter: threading.Timer | None = None

    def _handle_response(self, response: Any, envelope: Envelope | None) -> None:
        event_id = envelope.headers.get("event_id") if envelope else None
        if event_id:
            self.statuses[event_id] = response.status
            while len(self.statuses) > _REMEMBERED:
                self.statuses.popitem(last=False)
        super()._handle_response(response, envelope)

    def record_lost_event(
        self,
        reason: str,
        data_category: Any = None,
        item: Item | None = None,
        *,
        quantity: int = 1,
    ) -> None:
        """Count it, and have the count logged within a minute."""
        super().record_lost_event(reason, data_category, item, quantity=quantity)
        if reason == _TOLD_BEFORE:
            return
        category = item.data_category if item is not None else data_category
        self.lost[f"{category}: {reason}"] += quantity
        self._unreported[f"{category}: {reason}"] += quantity
        if self._reporter is None or not self._reporter.is_alive():
            self._reporter = threading.Timer(REPORT_EVERY_S, self._report)
            self._reporter.daemon = True
            self._reporter.start()

    def _report(self) -> None:
        lost, self._unreported = self._unreported, Counter()
        _log.warning("sentry_events_lost", lost=dict(lost))
