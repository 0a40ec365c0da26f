"""A Sentry without new events: finds the place of the loss, decides, verifies by events."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pandas as pd

from securenet_obs.errors import NotFoundError, NotStoredError
from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.errors.backends import open_error_events
from securenet_obs.probes.errors.delivery import Delivery, send_event
from securenet_obs.probes.errors.discards import read_discards
from securenet_obs.probes.http.api import ApiClient
from securenet_obs.probes.logs.losses import Losses, read_losses
from securenet_obs.probes.markers import generate_canary, generate_secret
from securenet_obs.settings import Settings

_HOOK = "unscrubbed"
_QUOTA = ("rate_limited", "ratelimit_backoff")


class SentryIsSilent:
    """The symptom of a target's Sentry, and of each process that sends events to it.

    Every method raises NotFoundError if LOG_SOURCE holds no log, ForbiddenError if the token may
    not read events, and UnreachableError if Sentry's API does not answer.

    Args:
        settings: those of the target.
        recent_s: age in seconds above which a loss counts as over.
        deadline_s: seconds to wait until an event can be read back.
    """

    def __init__(
        self, settings: Settings, *, recent_s: float = 600.0, deadline_s: float = 15.0
    ) -> None:
        self._settings = settings
        self._recent_s = recent_s
        self._deadline_s = deadline_s
        self._delivery = Delivery("", None)
        self._is_stored = False
        self._before: list[Losses] = []

    def look(self) -> pd.DataFrame:
        """Send an event to the target's DSN, and read it back.

        Returns:
            One row: `destination`, `answer`, `reason`, whether it is `stored`.
        """
        self._probe()
        answer = "none" if self._delivery.status is None else str(self._delivery.status)
        row = (self._destination, answer, self._delivery.reason, self._is_stored)
        return pd.DataFrame([row], columns=["destination", "answer", "reason", "stored"])

    def processes(self) -> pd.DataFrame:
        """Read from the logs the events that each process has lost since its last start.

        Returns:
            A row for each service: `service`, number of `lost` events, of those in an outage that
            is `over`, `reasons`, `last` loss.
        """
        self._before = self._read_losses()
        rows = [(r.service, r.lost.total(), r.over, r.reasons, r.last) for r in self._before]
        return pd.DataFrame(rows, columns=["service", "lost", "over", "reasons", "last"])

    def discards(self) -> pd.DataFrame:
        """Return the discards of Sentry in the last hour, or the reason why there are none."""
        try:
            return read_discards(self._settings, self._deadline_s)
        except NotStoredError as error:
            return pd.DataFrame([("skipped", str(error))], columns=["discards", "reason"])

    def sampling(self) -> str:
        """Return how many errors and transactions are sent, in words."""
        rate = self._settings.sentry_traces_sample_rate
        others = self._settings.sentry_traces_rates or "none"
        return f"all errors are sent; {rate:.0%} of transactions, other rates: {others}"

    def decide(self) -> list[Row]:
        """Return the decision table; `look` and `processes` come first."""
        return [*self._decide_on_sentry(), *self._decide_on_processes()]

    def _decide_on_sentry(self) -> Iterator[Row]:
        status, reason = self._delivery.status, self._delivery.reason
        answer = "no answer" if status is None else f"it answered {status}"
        why = f"{self._destination}: {answer}{f': {reason}' if reason else ''}"
        is_down = status is None or status >= 500
        limited = [row.service for row in self._before if row.has(*_QUOTA)]
        yield Row("Sentry does not answer", is_down, why, self._act_on_sentry("start_sentry"))
        yield Row(
            "Sentry refuses the target's DSN",
            not is_down and not self._delivery.is_accepted and status != 429,
            why,
            Manual(
                "set SENTRY_DSN to the project's DSN, and prove it", "securenet-obs probe sentry"
            ),
        )
        yield Row(
            "the quota is used up",
            status == 429 or bool(limited),
            f"{why}; limited: {', '.join(limited) or 'no process'}",
            self._act_on_sentry("raise_sentry_quota"),
        )
        yield Row(
            "Sentry accepts events and does not store them",
            self._delivery.is_accepted and not self._is_stored,
            f"{why}; the event {'is' if self._is_stored else 'is not'} stored",
            self._act_on_sentry("restart_sentry_ingestion"),
        )

    def _decide_on_processes(self) -> Iterator[Row]:
        works = "works" if self._is_stored else "does not work"
        for row in self._before:
            why = f"{_describe(row)}; the target's DSN {works}"
            does = f"restart {row.service} with the target's SENTRY_DSN"
            yield Row(
                f"{row.service} does not reach Sentry",
                row.is_disabled or (row.has_other(_HOOK, *_QUOTA) and self._is_stored),
                why,
                self._name_action("restore_sentry_dsn", does, row),
            )
        hooked = [row for row in self._before if row.has(_HOOK)]
        for row in hooked:
            does = f"roll back {row.service} from {row.release}"
            step = self._name_action("roll_back", does, row)
            yield Row(f"a hook of {row.service} drops its events", True, _describe(row), step)
        if not hooked:
            yield Row("a hook drops events", False, "no event was lost to a hook")

    def _act_on_sentry(self, name: str) -> Step:
        does = f"{name.replace('_', ' ')} of {self._destination}"
        return named_action(self._settings, name, does, lambda: {"answer": self._read_answer()})

    def _name_action(self, name: str, does: str, found: Losses) -> Step:
        return named_action(
            self._settings,
            name,
            does,
            lambda: {found.service: self._read_reasons(found.service)},
            service=found.service,
        )

    def verify_probe(self) -> Finding:
        """Verify that an event to the target's DSN is stored."""
        before = self._is_stored
        self._probe()
        observed = f"before: {_stored(before)}; now: {_stored(self._is_stored)}"
        return Finding(self._is_stored, "an event is read back", observed)

    def verify_processes(self) -> Finding:
        """Verify that no process has lost events since its start, and that errors are read back.

        Where diagnostics are on, the API and a task raise an error each.
        """
        after = [row for row in self._read_losses() if row.reasons]
        before = sum(row.lost.total() for row in self._before)
        missing = self._provoke() if self._has_diagnostics else []
        raised = "raised in API and task" if self._has_diagnostics else "none: diagnostics are off"
        return Finding(
            not after and not missing,
            "no event lost since the last start; errors on demand are read back",
            f"before: {before} lost; now: {', '.join(row.service for row in after) or 'none'}; "
            f"errors on demand: {raised}; not read back: {', '.join(missing) or 'none'}",
        )

    @property
    def _has_diagnostics(self) -> bool:
        settings = self._settings
        has_key = bool(settings.diagnostics_key.get_secret_value() and settings.tenant_keys)
        return settings.diagnostics_enabled and has_key

    def _provoke(self) -> list[str]:
        """Raise an error in the API and in a task; return the places without an event."""
        api, events = ApiClient(self._settings), open_error_events(self._settings)
        tenant = next(iter(self._settings.tenant_keys))
        missing = []
        for where in ("api", "task"):
            try:
                error = api.raise_error(
                    generate_canary(),
                    where="api" if where == "api" else "task",
                    tenant_id=tenant,
                    secret=generate_secret(),
                )
                task = api.wait_for_task(error.task_id, self._deadline_s) if error.task_id else None
                events.find((task or error).event_id or "", self._deadline_s)
            except NotFoundError:
                missing.append(where)
        return missing

    @property
    def _destination(self) -> str:
        parts = urlsplit(self._settings.sentry_dsn)
        return f"project {parts.path.strip('/')} at {parts.hostname}:{parts.port or parts.scheme}"

    def _probe(self) -> None:
        settings = self._settings
        self._delivery = send_event(settings.sentry_dsn, settings.environment, self._deadline_s)
        self._is_stored = False
        if self._delivery.is_accepted:
            try:
                open_error_events(settings).find(self._delivery.event_id, self._deadline_s)
                self._is_stored = True
            except NotFoundError:
                pass

    def _read_answer(self) -> str:
        sent = send_event(self._settings.sentry_dsn, self._settings.environment, self._deadline_s)
        return "none" if sent.status is None else str(sent.status)

    def _read_losses(self) -> list[Losses]:
        return read_losses(self._settings.log_source, self._recent_s)

    def _read_reasons(self, service: str) -> str:
        rows = self._read_losses()
        return next((row.reasons for row in rows if row.service == service), "") or "no loss"


def _describe(found: Losses) -> str:
    if found.is_disabled:
        return "it has started without a DSN"
    reasons = f": {found.reasons}" if found.reasons else ""
    over = f"; {found.over} before it reached Sentry again" if found.over else ""
    return f"{found.lost.total()} events lost lately{reasons}{over}"


def _stored(is_stored: bool) -> str:
    return "stored" if is_stored else "not stored"
