"""Series for tests: values at regular times with a daily course, and noise that always is alike."""

import math
import random
from collections.abc import Iterator

from securenet_obs.detection.anomaly.series.detector import Judgement, SeriesDetector

START_S = 1_767_225_600.0
"""2026-01-01, midnight UTC, in seconds since 1970."""

STEP_S = 300.0
DAY = 288

Points = list[tuple[float, float]]


def daily(days: float, level: float = 100.0, noise: float = 1.0, step_s: float = STEP_S) -> Points:
    """Return a series with a daily course: 40 % above its level at noon, and noise."""
    chance = random.Random(7)
    return [
        (at, level * (1 + 0.4 * math.sin(at * 2 * math.pi / 86_400)) + chance.gauss(0, noise))
        for at in times(days, step_s)
    ]


def times(days: float, step_s: float = STEP_S) -> Iterator[float]:
    """Yield regular times from the start on."""
    for row in range(round(days * 86_400 / step_s)):
        yield START_S + row * step_s


def judged(points: Points) -> list[Judgement]:
    """Return the judgement of each point by a new detector."""
    detector = SeriesDetector()
    return [detector.judge(at, value) for at, value in points]


def anomalies(points: Points) -> list[int]:
    """Return the rows that are anomalies."""
    return [row for row, judgement in enumerate(judged(points)) if judgement.anomaly]
