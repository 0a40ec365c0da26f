"""Detectors that the benchmark's table has beside ours; each value is judged by earlier ones."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from tests.detection.anomaly.nab import Series

_ROWS_PER_FIT = 500
_LAGS = 12


def constant(series: Series) -> list[float]:
    """Return the scores of a detector that scores every value alike."""
    return [0.5] * len(series.values)


def moving_z_score(series: Series) -> list[float]:
    """Return each value's distance from the mean of the day before, in standard deviations."""
    import pandas as pd

    values = pd.Series(series.values)
    before = values.shift(1).rolling(_rows_per_day(series), min_periods=10)
    scores = ((values - before.mean()) / (before.std() + 1e-9)).abs()
    return [float(score) for score in scores.fillna(0.0).clip(upper=1e6)]


def isolation_forest(series: Series) -> list[float]:
    """Return scores of forests, each fitted to the rows before the ones that it scores."""
    import numpy as np
    from sklearn.ensemble import IsolationForest  # type: ignore[import-untyped]

    values = np.asarray(series.values)
    lagged = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([np.full(_LAGS - 1, values[0]), values]), _LAGS
    )
    scores = [0.0] * min(series.learning_rows, len(values))
    for first in range(len(scores), len(values), _ROWS_PER_FIT):
        forest: Any = IsolationForest(n_estimators=50, random_state=1).fit(lagged[:first])
        scores.extend(-forest.score_samples(lagged[first : first + _ROWS_PER_FIT]))
    return scores


def _rows_per_day(series: Series) -> int:
    first = series.timestamps[:50]
    return max(10, round(86_400 / median(_intervals(first))))


def _intervals(timestamps: Sequence[Any]) -> Iterator[float]:
    for earlier, later in pairwise(timestamps):
        yield (later - earlier).total_seconds()
