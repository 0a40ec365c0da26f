"""Fixtures of the tests on the Numenta benchmark."""

import pytest

from tests.detection.anomaly import nab


@pytest.fixture
def corpus() -> tuple[nab.Series, ...]:
    """Return the series of the benchmark; skip the test without its data."""
    if not nab.DATA.exists():
        pytest.skip("the Numenta benchmark is not beside the project (../shared/data/nab)")
    return nab.all_series()
