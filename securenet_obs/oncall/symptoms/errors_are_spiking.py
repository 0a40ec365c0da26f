"""Errors that spike: finds the release or the issue behind them, decides, verifies by the rate."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd

from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.issues import mute_issue
from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.failing_services import (
    FailingService,
    SpikeLimits,
    find_failing_services,
)
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.errors.backends import open_issues
from securenet_obs.probes.errors.issues import Issue
from securenet_obs.probes.logs.outcomes import (
    FailureShare,
    Outcome,
    count_failures,
    read_outcomes,
    read_releases,
)
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.tables import value_text

_ANSWER_S = 20.0
_POLL_S = 1.0


class ErrorsAreSpiking:
    """The symptom of a target's Sentry and logs.

    Every method raises NotFoundError if LOG_SOURCE holds no log, ForbiddenError if the token may
    not read issues, and UnreachableError if Sentry's API does not answer.

    Args:
        settings: those of the target.
        window_s: seconds of the newest events and outcomes that count.
        least_failures: failures of an endpoint below which it does not spike.
        least_share: share of failures, 0 to 1, below which it does not spike.
        least_events: events of an issue, without those of failures, below which it does not spike.
        mute: name of the issue to mute, as the look shows it; empty for none.
        mute_min: minutes for which it is muted.
        deadline_s: seconds to wait for as many outcomes as a verification needs.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        window_s: float = 600.0,
        least_failures: int = 10,
        least_share: float = 0.05,
        least_events: int = 50,
        mute: str = "",
        mute_min: int = 60,
        deadline_s: float = 120.0,
    ) -> None:
        self._settings = settings
        self._window = timedelta(seconds=window_s)
        self._limits = SpikeLimits(least_failures, least_share)
        self._least_events = least_events
        self._mute = mute
        self._mute_min = mute_min
        self._deadline_s = deadline_s
        self._issues: list[Issue] = []
        self._outcomes: list[Outcome] = []
        self._failing: list[FailingService] = []

    def look(self) -> pd.DataFrame:
        """Read the outcomes of requests and tasks from the logs.

        Returns:
            A row for each endpoint that has failed within the window: `service`, `release`,
            `endpoint`, `failed`, `of`, `first` failure in the logs.
        """
        self._outcomes = read_outcomes(self._settings.log_source)
        since = datetime.now(UTC) - self._window
        self._failing = find_failing_services(
            self._outcomes, self._read_releases(), since, self._limits
        )
        keys = sorted(
            {(row.service, row.release, row.endpoint) for row in self._recent() if row.has_failed}
        )
        return pd.DataFrame(
            [self._summarise(*key) for key in keys],
            columns=["service", "release", "endpoint", "failed", "of", "first"],
        )

    def issues(self) -> pd.DataFrame:
        """Read the issues with events in the window from Sentry; `look` comes first.

        Release, tenants and places come from the log lines of the events, since a backend need not
        list them; without such a line, from the newest event.

        Returns:
            A row for each: `issue`, `error`, `first seen` (UTC), number of `events`, `places` with
            their releases, `tenants`.
        """
        since = datetime.now(UTC) - self._window
        self._issues = open_issues(self._settings).list_recent(since, _ANSWER_S)
        return pd.DataFrame(
            [self._describe_issue(issue) for issue in self._issues],
            columns=["issue", "error", "first seen", "events", "places", "tenants"],
        )

    def links(self) -> pd.DataFrame:
        """Return an event of each issue, with its trace; `issues` comes first.

        It is the newest one with a log line; without any, the newest.

        Returns:
            A row for each: `issue`, `trace` id, `request` id, `page` of the event.
        """
        rows = []
        for issue in self._issues:
            lines = {row.event_id: row for row in self._find_lines(issue)}
            event = next((row for row in issue.events if row.event_id in lines), issue.events[0])
            line = lines.get(event.event_id)
            trace, request = (line.trace_id, line.request_id) if line else (event.trace_id, "")
            rows.append((issue.name, trace or "unknown", request or "unknown", event.url))
        return pd.DataFrame(rows, columns=["issue", "trace", "request", "page"])

    @property
    def failing_services(self) -> list[str]:
        """Names of the services that fail; `look` comes first."""
        return [row.service for row in self._failing]

    def decide(self) -> list[Row]:
        """Return the decision table; `look` and `issues` come first."""
        return [*self._decide_on_services(), *self._decide_on_issues()]

    def _decide_on_services(self) -> Iterator[Row]:
        for row in self._failing:
            named = ", ".join(row.endpoints)
            yield Row(
                f"release {row.release} of {row.service} fails at {named}",
                row.is_since_release,
                row.describe(),
                self._roll_back(row),
            )
            yield Row(
                f"{row.service} fails at {named}, and its release does not explain it",
                not row.is_since_release,
                row.describe(),
                self._follow(row),
            )
        if not self._failing:
            share = count_failures(self._recent())
            yield Row("a service fails", False, f"requests and tasks: {share.describe()}")

    def _decide_on_issues(self) -> Iterator[Row]:
        muted = [issue for issue in self._issues if self._mute in (issue.id, issue.name)]
        for issue in muted:
            yield Row(
                f"issue {issue.name} is to be muted",
                not issue.is_muted,
                f"{len(issue.events)} events in the window; {_describe_mute(issue)}",
                mute_issue(self._settings, issue, self._mute_min),
            )
        loud = [issue for issue in self._issues if issue not in muted and self._is_loud(issue)]
        for issue in loud:
            yield Row(
                f"issue {issue.name} spikes, and nothing fails",
                True,
                f"{len(issue.events)} events in the window, {issue.title}: {issue.url}",
                self._ask_to_mute(issue),
            )
        if not loud:
            why = f"{len(self._issues)} issues have events in the window"
            yield Row("an issue spikes, and nothing fails", False, why)

    def _roll_back(self, row: FailingService) -> Step:
        return named_action(
            self._settings,
            "roll_back",
            f"roll back {row.service} from {row.release} to {row.former or 'the former release'}",
            lambda: {row.service: self._read_releases().get(row.service, "unknown")},
            service=row.service,
        )

    def _follow(self, row: FailingService) -> Manual:
        """Return the step that follows the newest failure: its cause is not a release."""
        newest = next(one for one in reversed(self._recent()) if one.has_failed and row.covers(one))
        return Manual(
            "follow the newest failure through request, tasks and events",
            f"securenet-obs run tenant_asks_what_happened -p request_id={newest.request_id}",
            "no release explains it, so no roll-back mends it",
        )

    def _ask_to_mute(self, issue: Issue) -> Manual:
        return Manual(
            f"read its newest event, {issue.events[0].url}, and mute it if it needs no repair now",
            f"securenet-obs run errors_are_spiking -p mute={issue.name}",
            "a person must know that the error may wait",
        )

    def verify_rate(self) -> Finding:
        """Verify that the endpoints fail certainly less often than before, and below the limit.

        The window begins now and lasts until enough requests or tasks have ended.
        """
        before = [row for row in self._failing if row.is_since_release]
        since = datetime.now(UTC)

        def read() -> list[FailureShare]:
            rows = [row for row in read_outcomes(self._settings.log_source) if row.at >= since]
            return [count_failures(filter(row.covers, rows)) for row in before]

        after = poll_until(
            read,
            lambda shares: all(map(self._is_mended, before, shares)),
            deadline_s=self._deadline_s,
            interval_s=_POLL_S,
        )
        texts = [
            f"{row.service} before: {row.now.describe()}; after: {share.describe()}"
            for row, share in zip(before, after, strict=True)
        ]
        return Finding(
            all(map(self._is_mended, before, after)),
            f"certainly fewer failures, less than {self._limits.least_share:.0%}",
            "; ".join(texts) or "no release was at fault",
        )

    def verify_release(self) -> Finding:
        """Verify that each service that failed since its release runs the former one."""
        before = [row for row in self._failing if row.is_since_release]
        now = self._read_releases()
        return Finding(
            all(now.get(row.service) == row.former for row in before),
            "the former release runs",
            "; ".join(
                f"{row.service} before: {row.release}; now: {now.get(row.service, 'unknown')}"
                for row in before
            )
            or "no release was at fault",
        )

    def verify_muted(self) -> Finding:
        """Verify that the issue is muted."""
        if not self._mute:
            return Finding(True, "no issue was to be muted", "none was named")
        issue = open_issues(self._settings).read(self._mute, _ANSWER_S)
        return Finding(issue.is_muted, "it is muted", f"{issue.name}: {_describe_mute(issue)}")

    def _is_mended(self, before: FailingService, after: FailureShare) -> bool:
        return before.now.certainly_exceeds(after) and after.share < self._limits.least_share

    def _is_loud(self, issue: Issue) -> bool:
        """Return whether an issue that is not muted has many events without a failure's line."""
        lines = {row.event_id for row in self._outcomes if row.has_failed}
        silent = [event for event in issue.events if event.event_id not in lines]
        return not issue.is_muted and len(silent) >= self._least_events

    def _recent(self) -> list[Outcome]:
        since = datetime.now(UTC) - self._window
        return [row for row in self._outcomes if row.at >= since]

    def _read_releases(self) -> dict[str, str]:
        return read_releases(self._settings.log_source)

    def _summarise(self, service: str, release: str, endpoint: str) -> tuple[object, ...]:
        key = (service, release, endpoint)
        recent = [one for one in self._recent() if _key(one) == key]
        first = min(one.at for one in self._outcomes if _key(one) == key and one.has_failed)
        share = count_failures(recent)
        return (*key, share.failed, share.total, first)

    def _describe_issue(self, issue: Issue) -> tuple[object, ...]:
        newest = issue.events[0]
        lines = self._find_lines(issue)
        releases = {row.release for row in lines} or {newest.release}
        tenants = {row.tenant_id for row in lines} or {newest.tenant_id}
        places = {row.endpoint for row in lines} or {newest.place}
        return (
            f"{issue.name}, muted" if issue.is_muted else issue.name,
            *(issue.title, f"{issue.first_seen:%F %T}", len(issue.events)),
            *(f"{_join(places)} of {_join(releases)}", _join(tenants)),
        )

    def _find_lines(self, issue: Issue) -> list[Outcome]:
        """Return the outcomes whose lines name an event of an issue."""
        wanted = {event.event_id for event in issue.events}
        return [row for row in self._outcomes if row.event_id in wanted]


def _key(row: Outcome) -> tuple[str, str, str]:
    return (row.service, row.release, row.endpoint)


def _join(names: Collection[str]) -> str:
    return value_text(sorted(filter(None, names)))


def _describe_mute(issue: Issue) -> str:
    return "it is muted" if issue.is_muted else "it is not muted"
