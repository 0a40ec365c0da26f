"""Scores detectors on the Numenta Anomaly Benchmark, by the rules of its paper.

A detection inside a labelled window earns up to one point, the more the earlier it comes; only the
best one of a window counts. A detection outside costs a share of a point, less shortly after a
window. A missed window costs a whole one. The first part of each series is for learning and is not
scored. The sum is scaled so that 0 is a detector without detections and 100 a perfect one.

Source: Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms - the Numenta Anomaly
Benchmark", 2015, arXiv:1510.03336, sections II.B and II.C; the published profiles' weights.
"""

import csv
import gzip
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from pathlib import Path

DATA = Path(__file__).parents[4] / "shared" / "data" / "nab"

_LEARNING_SHARE, _LEARNING_MAX_ROWS = 0.15, 5000
_MISSED = -1.0
_BEFORE_EVERY_WINDOW = -1.0
_FAR = 3.0


@dataclass(frozen=True)
class Profile:
    """Costs of a false detection and of a missed window; a perfect detection earns 1."""

    false_detection: float
    missed_window: float


PROFILES = {
    "standard": Profile(0.11, 1.0),
    "reward_low_FP": Profile(0.22, 1.0),
    "reward_low_FN": Profile(0.11, 2.0),
}


@dataclass(frozen=True, eq=False)
class Series:
    """One series of the benchmark; `windows` holds the first and the last row of each anomaly."""

    name: str
    timestamps: tuple[datetime, ...]
    values: tuple[float, ...]
    windows: tuple[tuple[int, int], ...]

    @property
    def folder(self) -> str:
        """Folder of the series, a kind of data."""
        return self.name.split("/")[0]

    @property
    def learning_rows(self) -> int:
        """Number of rows at the beginning that are not scored."""
        return math.floor(_LEARNING_SHARE * min(len(self.values), _LEARNING_MAX_ROWS))


@dataclass(frozen=True)
class _Row:
    """A scored row: its window, None outside, and the worth of a detection on it."""

    window: int | None
    worth: float


@cache
def all_series() -> tuple[Series, ...]:
    """Return the series whose data are present, in the order of their names."""
    labels: dict[str, list[list[str]]] = json.loads((DATA / "combined_windows.json").read_text())
    present = (name for name in sorted(labels) if (DATA / "data" / name).exists())
    return tuple(_read(name, labels[name]) for name in present)


def _read(name: str, labels: Iterable[Sequence[str]]) -> Series:
    with (DATA / "data" / name).open(newline="") as file:
        rows = [(row["timestamp"], float(row["value"])) for row in csv.DictReader(file)]
    timestamps = tuple(datetime.fromisoformat(f"{timestamp}Z") for timestamp, _ in rows)
    windows = tuple(
        _rows_between(timestamps, *(datetime.fromisoformat(f"{text}Z") for text in pair))
        for pair in labels
    )
    return Series(name, timestamps, tuple(value for _, value in rows), windows)


def _rows_between(
    timestamps: Sequence[datetime], first: datetime, last: datetime
) -> tuple[int, int]:
    inside = [row for row, moment in enumerate(timestamps) if first <= moment <= last]
    return inside[0], inside[-1]


@cache
def published(detector: str) -> dict[str, list[float]]:
    """Return the scores of a published detector: name of the series -> score of each row."""
    scores: dict[str, list[float]] = {}
    with gzip.open(DATA / "results" / f"{detector}.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            scores.setdefault(row["file"], []).append(float(row["anomaly_score"]))
    return scores


def _sigmoid(position: float) -> float:
    return _MISSED if position > _FAR else 2 / (1 + math.exp(5 * position)) - 1


@cache
def _rows(series: Series) -> list[_Row]:
    return [_row(series.windows, row) for row in range(len(series.values))]


def _row(windows: Iterable[tuple[int, int]], row: int) -> _Row:
    earlier = None
    for number, (first, last) in enumerate(windows):
        if first <= row <= last:
            return _Row(number, _sigmoid(-(last - row + 1) / (last - first + 1)) / _sigmoid(-1.0))
        if last < row:
            earlier = (first, last)
    if earlier is None:
        return _Row(None, _BEFORE_EVERY_WINDOW)
    first, last = earlier
    return _Row(None, _sigmoid((row - last) / (last - first)))


@dataclass
class _Tally:
    """Sum of points while rows become detections; each window begins as a missed one."""

    profile: Profile
    best: dict[tuple[str, int], float]
    points: float

    @classmethod
    def of(cls, corpus: Iterable[Series], profile: Profile) -> "_Tally":
        """Return the tally of a detector without detections."""
        windows = [
            (series.name, number)
            for series in corpus
            for number, (_, last) in enumerate(series.windows)
            if last >= series.learning_rows
        ]
        missed = -profile.missed_window
        return cls(profile, dict.fromkeys(windows, missed), missed * len(windows))

    def detect(self, series: Series, number: int) -> None:
        """Count a detection on one row of a series."""
        row = _rows(series)[number]
        if row.window is None:
            self.points += row.worth * self.profile.false_detection
            return
        key = (series.name, row.window)
        self.points += max(row.worth - self.best[key], 0.0)
        self.best[key] = max(row.worth, self.best[key])

    def score(self) -> float:
        """Return the points so that no detection is 0 and a perfect detector 100."""
        missed = self.profile.missed_window
        return 100 * (self.points / len(self.best) + missed) / (1 + missed)


Detections = Mapping[str, Iterable[int]]
"""Name of a series -> numbers of its rows that are detections."""


def score(detections: Detections, corpus: Iterable[Series], profile: Profile) -> float:
    """Return the score of a detector's detections on these series, at most 100."""
    return _tally(detections, list(corpus), profile).score()


def points(detections: Detections, corpus: Iterable[Series], profile: Profile) -> float:
    """Return the sum that the score scales: at most 1 for each window."""
    return _tally(detections, list(corpus), profile).points


def _tally(detections: Detections, corpus: Sequence[Series], profile: Profile) -> _Tally:
    tally = _Tally.of(corpus, profile)
    for series in corpus:
        for row in detections[series.name]:
            if row >= series.learning_rows:
                tally.detect(series, row)
    return tally


def best_threshold(
    scores: Mapping[str, Sequence[float]], corpus: Iterable[Series], profile: Profile
) -> tuple[float, float]:
    """Return the highest score over all thresholds, and its threshold.

    A row is a detection if its score reaches the threshold, which is the same for every series.
    """
    corpus = list(corpus)
    tally = _Tally.of(corpus, profile)
    best = (tally.score(), math.inf)
    rows = (
        (scores[series.name][row], series, row)
        for series in corpus
        for row in range(series.learning_rows, len(series.values))
    )
    ordered = sorted(rows, key=lambda row: -row[0])
    for threshold, group in groupby(ordered, key=lambda row: row[0]):
        for _, series, row in group:
            tally.detect(series, row)
        best = max(best, (tally.score(), threshold))
    return best
