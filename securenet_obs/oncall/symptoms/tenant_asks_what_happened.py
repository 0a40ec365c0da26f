"""A request that a tenant asks about: follows it through logs, tasks and Sentry; exports it."""

from collections.abc import Iterator

import pandas as pd

from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.oncall.timeline.entry import SHOWN, export_entries, show_entries
from securenet_obs.oncall.timeline.export import export_timeline, read_export
from securenet_obs.oncall.timeline.subject import parse_subject
from securenet_obs.oncall.timeline.timeline import Timeline, build_timeline
from securenet_obs.probes.logs.following import find_foreign_ids
from securenet_obs.redaction import redact_text
from securenet_obs.settings import Settings

_LISTED = 50


class TenantAsksWhatHappened:
    """The symptom of one request, or of all requests of a tenant.

    Every method raises NotFoundError if LOG_SOURCE holds no log, and UnreachableError or
    ForbiddenError, as the probes do.

    Args:
        settings: those of the target.
        request_id: id of the request, as in the answer's X-Request-ID; empty for all.
        tenant_id: the tenant; empty for that of the request.
        within_h: age in hours of the oldest entry.
        deadline_s: seconds to wait for each Sentry event.

    Raises:
        SettingsError: an id is not valid.
    """

    def __init__(
        self,
        settings: Settings,
        request_id: str = "",
        tenant_id: str = "",
        *,
        within_h: float = 24.0,
        deadline_s: float = 10.0,
    ) -> None:
        self._settings = settings
        self._subject = parse_subject(request_id, tenant_id, within_h)
        self._deadline_s = deadline_s
        self._timeline = Timeline(self._subject, [], 0, [])

    def look(self) -> pd.DataFrame:
        """Read all sources.

        Returns:
            A row for each entry, the newest 50 in the order of their times: `at` (UTC), `source`,
            `event` with its place, `ids` of task and event, `detail`.
        """
        self._timeline = build_timeline(self._settings, self._subject, self._deadline_s)
        rows = show_entries(export_entries(self._timeline.entries[-_LISTED:]))
        return pd.DataFrame(rows, columns=list(SHOWN))

    def summary(self) -> pd.DataFrame:
        """Count the entries of each source; `look` comes first.

        Returns:
            A row for each: `source`, number of `entries`, of `failures`, `first` and `last` time.
        """
        entries = self._timeline.entries
        rows = []
        for source in ("log", "store", "result", "Sentry"):
            own = [entry for entry in entries if entry.source == source]
            failures = sum(entry.has_failed for entry in own)
            times = (own[0].at, own[-1].at) if own else (None, None)
            rows.append((source, len(own), failures, *times))
        return pd.DataFrame(rows, columns=["source", "entries", "failures", "first", "last"])

    @property
    def tenants(self) -> list[str]:
        """Tenants of the request's log lines; `look` comes first."""
        return list(self._timeline.tenants) if self._subject.request_id else []

    @property
    def is_shared(self) -> bool:
        """Whether a request id has lines of several tenants, and none was chosen."""
        return len(self.tenants) > 1 and not self._subject.tenant_id

    def decide(self) -> list[Row]:
        """Return the decision table; `look` comes first."""
        return [*self._decide_on_subject(), self._decide_on_sharing()]

    def _decide_on_subject(self) -> Iterator[Row]:
        timeline = self._timeline
        failures, unfinished = timeline.failures, timeline.unfinished
        found = bool(timeline.entries)
        export = export_timeline(timeline) if found else None
        count = f"{len(timeline.entries)} entries of {timeline.subject.name}"
        yield Row(
            "something has failed",
            bool(failures),
            f"{count}; {self._describe_failures()}",
            export,
        )
        yield Row(
            "a task has not ended",
            found and not failures and bool(unfinished),
            f"{count}; without an end: {', '.join(unfinished) or 'none'}",
            export,
        )
        yield Row(
            "everything succeeded",
            found and not failures and not unfinished,
            f"{count}, no failure" if found else f"{count}; ask for the time and the request id",
            export,
        )

    def _describe_failures(self) -> str:
        failures, events = self._timeline.failures, self._timeline.event_ids
        if not failures:
            return "no failure"
        first = next((entry for entry in failures if entry.source == "log"), failures[0])
        place = " at ".join(filter(None, (first.event, first.where)))
        read = f"Sentry has event {', '.join(events)}" if events else "Sentry has no event of it"
        return f"first failure: {place}; {read}"

    def _decide_on_sharing(self) -> Row:
        named = f"its lines name {', '.join(self.tenants) or 'no tenant'}"
        step = Manual(
            "ask which tenant sent the request, and run this for one of them",
            f"securenet-obs run tenant_asks_what_happened -p request_id={self._subject.request_id} "
            "-p tenant_id=TENANT",
            "a request id that several tenants use belongs to none of them alone",
        )
        return Row("the request id is of several tenants", self.is_shared, named, step)

    def verify_export(self) -> Finding:
        """Verify that the files hold every entry, and each event that was read back."""
        exported = read_export(self._timeline)
        entries, events = self._timeline.entries, self._timeline.event_ids
        missing = [event for event in events if any(event not in text for text in exported.texts)]
        return Finding(
            len(exported.entries) == len(entries) and not missing,
            f"{len(entries)} entries and {len(events)} events",
            f"{len(exported.entries)} entries in {exported.paths[0].name}; "
            f"events that are missing: {', '.join(missing) or 'none'}",
        )

    def verify_privacy(self) -> Finding:
        """Verify that the files hold no secret, and no id of another tenant's lines.

        The logs are read anew: ids of tasks and events on lines that name another tenant.
        """
        exported = read_export(self._timeline)
        subject = self._timeline.subject
        others = find_foreign_ids(
            self._settings.log_source, subject.tenant_id, subject.since, subject.until
        )
        foreign = sorted(others & {value for row in exported.entries for value in row.values()})
        leaking = [
            path.name
            for path, text in zip(exported.paths, exported.texts, strict=True)
            if redact_text(text) != text
        ]
        return Finding(
            not foreign and not leaking,
            "no id of another tenant, no secret",
            f"ids of other tenants: {', '.join(foreign) or 'none'}, of {len(others)} in the logs; "
            f"{' and '.join(leaking) or 'no file'} would be masked again",
        )
