"""A service fails since its release, or not only since: its former release is the comparison."""

from datetime import UTC, datetime, timedelta

import pytest

from securenet_obs.oncall.failing_services import SpikeLimits, find_failing_services
from securenet_obs.probes.logs.outcomes import Outcome

NOW = datetime.now(UTC)
LIMITS = SpikeLimits(10, 0.05)


def outcomes(release: str, failed: int, total: int, age_s: float = 60) -> list[Outcome]:
    """Return outcomes of one endpoint and one release."""
    at = NOW - timedelta(seconds=age_s)
    return [Outcome(at, "api", release, "POST /logs", number < failed) for number in range(total)]


@pytest.mark.parametrize(
    ("failed", "total", "is_found"), [(10, 20, True), (9, 20, False), (10, 201, False)]
)
def test_an_endpoint_spikes_above_both_limits(failed: int, total: int, is_found: bool) -> None:
    """A few failures, and a small share of them, are everyday life."""
    rows = outcomes("r2", failed, total)
    found = find_failing_services(rows, {"api": "r2"}, NOW - timedelta(hours=1), LIMITS)
    assert bool(found) is is_found


@pytest.mark.parametrize(
    ("before", "is_since_release"),
    [([(0, 100)], True), ([(50, 100)], False), ([], False), ([(0, 1)], False)],
)
def test_the_former_release_is_the_comparison(
    before: list[tuple[int, int]], is_since_release: bool
) -> None:
    """It failed certainly less often; without one, and with too few requests, nothing is proved."""
    former = [row for failed, total in before for row in outcomes("r1", failed, total, 900)]
    rows = [*former, *outcomes("r2", 20, 40)]
    (found,) = find_failing_services(rows, {"api": "r2"}, NOW - timedelta(minutes=10), LIMITS)
    assert found.is_since_release is is_since_release
    assert found.former == ("r1" if before else "")
    assert (found.now.failed, found.now.total) == (20, 40)


def test_an_endpoint_that_the_former_release_had_no_request_of_is_new() -> None:
    """Its failures are those of the release."""
    former = [Outcome(NOW - timedelta(hours=1), "api", "r1", "GET /tasks", False)]
    rows = [*former, *outcomes("r2", 20, 40)]
    (found,) = find_failing_services(rows, {"api": "r2"}, NOW - timedelta(minutes=10), LIMITS)
    assert found.is_since_release
    assert found.describe() == (
        "in r2 20 of 40 failed (50%); former release: in r1 0 of 0 failed (0%)"
    )


def test_a_release_that_is_rolled_back_fails_no_longer() -> None:
    """Its failures are still in the window."""
    rows = outcomes("r2", 20, 40)
    assert find_failing_services(rows, {"api": "r1"}, NOW - timedelta(hours=1), LIMITS) == []
