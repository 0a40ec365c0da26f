"""Services that fail at some endpoints, compared with the release that they ran before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from securenet_obs.probes.logs.outcomes import FailureShare, Outcome, count_failures


@dataclass(frozen=True)
class SpikeLimits:
    """Limits above which an endpoint spikes: number of failures, and their share, 0 to 1."""

    least_failures: int
    least_share: float

    def are_exceeded(self, share: FailureShare) -> bool:
        """Return whether an endpoint with these outcomes spikes."""
        return share.failed >= self.least_failures and share.share >= self.least_share


@dataclass(frozen=True)
class FailingService:
    """A service that fails at some endpoints in the release that it runs now.

    Args:
        service: name of the service.
        release: its release.
        former: the release before it, in the logs; empty if they name none.
        endpoints: the endpoints that fail.
        now: outcomes of these endpoints, of this release, within the window.
        before: outcomes of these endpoints, of the former release.
    """

    service: str
    release: str
    former: str
    endpoints: Sequence[str]
    now: FailureShare
    before: FailureShare

    @property
    def is_since_release(self) -> bool:
        """Whether the release explains the failures: the former one had fewer, or no requests."""
        return bool(self.former) and (
            self.before.total == 0 or self.now.certainly_exceeds(self.before)
        )

    def describe(self) -> str:
        """Return the evidence in words."""
        former = f"in {self.former} {self.before.describe()}" if self.former else "none is known"
        return f"in {self.release} {self.now.describe()}; former release: {former}"

    def covers(self, outcome: Outcome) -> bool:
        """Return whether an outcome is of the failing endpoints, in whichever release."""
        return outcome.service == self.service and outcome.endpoint in self.endpoints


def find_failing_services(
    outcomes: Sequence[Outcome],
    releases: Mapping[str, str],
    since: datetime,
    limits: SpikeLimits,
) -> list[FailingService]:
    """Return the services that fail, by name.

    Args:
        outcomes: outcomes of requests and tasks, in the order of their times.
        releases: service -> the release that runs now.
        since: outcomes of the present releases count since this time.
        limits: limits above which an endpoint spikes.
    """
    found = (_judge(outcomes, *pair, since, limits) for pair in sorted(releases.items()))
    return [row for row in found if row.endpoints]


def _judge(
    outcomes: Sequence[Outcome], service: str, release: str, since: datetime, limits: SpikeLimits
) -> FailingService:
    own = [row for row in outcomes if row.service == service]
    recent = [row for row in own if row.release == release and row.at >= since]
    endpoints = [
        name
        for name in sorted({row.endpoint for row in recent})
        if limits.are_exceeded(count_failures(_at([name], recent)))
    ]
    former = next((row.release for row in reversed(own) if row.release != release), "")
    before = [row for row in own if row.release == former]
    return FailingService(
        service,
        release,
        former,
        endpoints,
        count_failures(_at(endpoints, recent)),
        count_failures(_at(endpoints, before)),
    )


def _at(endpoints: Sequence[str], outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    return (row for row in outcomes if row.endpoint in endpoints)
