import math

import pandas as pd
import pytest

from securenet_obs.probes import measure_clock_difference_s

FIRST, LAST = pd.Timestamp("2026-11-23T10:00:00Z"), pd.Timestamp("2026-11-23T10:00:05Z")
WINDOWS = {"api": (FIRST, LAST), "worker": (FIRST, LAST + pd.Timedelta(seconds=60))}


def lines(*rows: tuple[str, str | None]) -> pd.DataFrame:
    """Return log lines of services and seconds after ten o'clock."""
    times = pd.to_datetime([at for _, at in rows], utc=True, format="ISO8601")
    return pd.DataFrame({"service": [service for service, _ in rows], "timestamp": times})


@pytest.mark.parametrize(
    ("service", "at", "difference_s"),
    [
        ("api", "2026-11-23T10:00:00Z", 0),
        ("api", "2026-11-23T10:00:05Z", 0),
        ("api", "2026-11-23T10:00:07.5Z", 2.5),
        ("api", "2026-11-23T09:59:59.7Z", 0.3),
        ("api", "2026-11-23T11:00:05Z", 3600),
        ("worker", "2026-11-23T10:00:07.5Z", 0),
        ("worker", "2026-11-23T10:01:08Z", 3),
    ],
)
def test_a_difference_is_the_distance_to_the_services_own_window(
    service: str, at: str, difference_s: float
) -> None:
    """Within the window the clocks may agree; outside of it they do not."""
    within = ("api", "2026-11-23T10:00:01Z")
    found = measure_clock_difference_s(lines(within, (service, at)), WINDOWS)
    assert found == pytest.approx(difference_s)


def test_lines_of_other_services_do_not_count() -> None:
    """Only services with a window are compared."""
    assert (
        measure_clock_difference_s(lines(("api", str(FIRST)), ("beat", "2020-01-01")), WINDOWS) == 0
    )


@pytest.mark.parametrize("rows", [[], [("beat", str(FIRST))], [("api", str(FIRST)), ("api", None)]])
def test_without_a_readable_time_the_difference_is_unknown(rows: list[tuple[str, str]]) -> None:
    """No line, or a line without a time zone, proves nothing about the clock."""
    assert math.isnan(measure_clock_difference_s(lines(*rows), WINDOWS))


def test_far_year_beside_nanoseconds_is_compared() -> None:
    """Times that no one unit holds are objects, and have a difference too."""
    found = lines(("api", str(FIRST)), ("api", str(FIRST)))
    far = [pd.Timestamp("2300-01-01T00:00:00Z"), pd.Timestamp("2026-11-23T10:00:01.000000001Z")]
    found["timestamp"] = pd.Series(far, dtype=object)
    assert measure_clock_difference_s(found, WINDOWS) > 270 * 365 * 86400
