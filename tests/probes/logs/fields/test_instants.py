"""The column that holds points in time exactly."""

import pandas as pd
import pytest

from securenet_obs.probes.logs.fields.times import parse_times


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["2026-11-23T04:05:06Z", None], "datetime64[us, UTC]"),
        (["2300-01-01T00:00:00Z", "2026-11-23T04:05:06.123456Z"], "datetime64[us, UTC]"),
        (["2261-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z"], "datetime64[ns, UTC]"),
        (["2300-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z"], "object"),
        (["0001-01-01T00:00:00Z", "2026-01-01T00:00:00.000000001Z"], "object"),
        ([], "datetime64[us, UTC]"),
    ],
)
def test_column_has_the_unit_that_its_times_need(values: list[str], dtype: str) -> None:
    """Microseconds are the rule; a far year beside nanoseconds keeps both exact."""
    times, _ = parse_times(values)
    assert str(times.dtype) == dtype
    assert list(times.dropna()) == [pd.Timestamp(value) for value in values if value]
