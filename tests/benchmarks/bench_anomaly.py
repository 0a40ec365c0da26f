"""Cost of judging one value of a series, beside a moving z-score in plain Python and in pandas.

    python tests/benchmarks/bench_anomaly.py [--json FILE]

The series has a daily course and noise, four weeks at five minutes, or at one. The detector and the
plain z-score judge value after value, as they come; pandas judges the whole series at once.
"""

import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd
from rounds import Row, Target, interleaved, report, rows

from securenet_obs.detection.anomaly.series.detector import SeriesDetector

OURS, PLAIN, PANDAS = "detector", "z-score, plain Python", "z-score, pandas"
DAYS, ROUNDS = 28, 5
DAY_S = 86_400
Points = list[tuple[float, float]]
MOST_TIMES = 40.0
"""Most times that the detector may take of the plain z-score, which has one look at one window."""


def series(step_s: int) -> Points:
    """Return a series with a daily course and noise."""
    chance = random.Random(1)
    return [
        (float(at), 100 + 40 * math.sin(at * 2 * math.pi / DAY_S) + chance.gauss(0, 3))
        for at in range(0, DAYS * DAY_S, step_s)
    ]


def detect(points: Points) -> int:
    """Return the number of anomalies."""
    detector = SeriesDetector()
    return sum(detector.judge(at, value).anomaly for at, value in points)


def plain_z_score(points: Points, window: int) -> int:
    """Return the number of values six standard deviations from the mean of a window."""
    latest: deque[float] = deque()
    total = squares = 0.0
    found = 0
    for _, value in points:
        number = len(latest)
        if number > 10:
            mean = total / number
            variance = max(squares / number - mean * mean, 1e-9)
            found += abs(value - mean) > 6 * math.sqrt(variance)
        latest.append(value)
        total, squares = total + value, squares + value * value
        if number == window:
            oldest = latest.popleft()
            total, squares = total - oldest, squares - oldest * oldest
    return found


def pandas_z_score(points: Points, window: int) -> int:
    """Return the number of values six standard deviations from the mean of a window."""
    values = pd.Series([value for _, value in points])
    before = values.shift(1).rolling(window, min_periods=10)
    return int(((values - before.mean()).abs() > 6 * before.std()).sum())


def measured() -> Iterator[Row]:
    """Yield the rows of the whole benchmark: microseconds a value."""
    for step_s in (300, 60):
        points, window = series(step_s), DAY_S // step_s
        calls: dict[str, Callable[[], object]] = {
            OURS: lambda points=points: detect(points),
            PLAIN: lambda points=points, window=window: plain_z_score(points, window),
            PANDAS: lambda points=points, window=window: pandas_z_score(points, window),
        }
        times = interleaved(calls, ROUNDS)
        targets = {(OURS, PLAIN): Target(most=MOST_TIMES)}
        for row in rows(f"a value, step {step_s} s", times, PLAIN, targets):
            yield replace(row, microseconds=row.microseconds / len(points))


if __name__ == "__main__":
    report("anomaly", measured())
