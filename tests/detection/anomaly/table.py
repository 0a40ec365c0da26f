"""The table of detectors on the Numenta benchmark, and ours with constants chosen elsewhere.

    python -m tests.detection.anomaly.table [--folders] [--forest]

The first table has the score on each profile: of the published detectors and of simple ones with
the threshold that is best for them, of ours with its fixed threshold. With `--folders` a second
one follows: the score on each folder of series with constants that were chosen on the others, and
the points that are lost against constants chosen on all. `--forest` adds an IsolationForest,
which needs scikit-learn. It takes half a minute, with `--folders` several minutes.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

from securenet_obs.detection.anomaly.series.detector import SeriesDetector
from securenet_obs.detection.anomaly.series.extremes import CONSTANTS, Constants
from tests.detection.anomaly import nab, peers

PUBLISHED = ("ARTime", "contextOSE", "relativeEntropy", "windowedGaussian")
PEERS: Mapping[str, Callable[[nab.Series], Sequence[float]]] = {
    "moving z-score": peers.moving_z_score,
    "constant": peers.constant,
}
GRID = [
    Constants(threshold=threshold, forgetting=forgetting, youth=youth)
    for threshold, forgetting, youth in product(
        (0.2, 0.25, 0.3), (0.004, 0.007, 0.01), (0.4, 0.6, 0.8)
    )
]
"""Constants among which a choice is made."""

STANDARD = nab.PROFILES["standard"]


def detect(series: nab.Series, constants: Constants = CONSTANTS) -> list[int]:
    """Return the rows of a series that our detector finds anomalous."""
    detector = SeriesDetector(constants)
    rows = enumerate(zip(series.timestamps, series.values, strict=True))
    return [row for row, (at, value) in rows if detector.judge(at.timestamp(), value).anomaly]


def our_scores(corpus: Iterable[nab.Series]) -> list[float]:
    """Return the scores of our detector with its fixed threshold, one for each profile."""
    corpus = list(corpus)
    detections = {series.name: detect(series) for series in corpus}
    return [nab.score(detections, corpus, profile) for profile in nab.PROFILES.values()]


def best_scores(scores: Mapping[str, Sequence[float]], corpus: Iterable[nab.Series]) -> list[float]:
    """Return a detector's scores with the best threshold of each profile."""
    corpus = list(corpus)
    return [nab.best_threshold(scores, corpus, profile)[0] for profile in nab.PROFILES.values()]


def losses(corpus: Sequence[nab.Series]) -> dict[str, tuple[float, float]]:
    """Return for each folder the score with constants of the others, and what that loses.

    A folder without labelled anomalies has the score that its false detections leave of the whole.
    """
    folders = sorted({series.folder for series in corpus})
    points = [_points_by_folder(corpus, constants) for constants in GRID]
    windows = {name: sum(len(s.windows) for s in corpus if s.folder == name) for name in folders}
    chosen = max(points, key=lambda row: sum(row.values()))
    found = {}
    for folder in folders:
        elsewhere = max(points, key=lambda row: sum(row.values()) - row[folder])
        scale = 50 / (windows[folder] or sum(windows.values()))
        score = 50 * bool(windows[folder]) + scale * elsewhere[folder]
        found[folder] = (score, scale * (chosen[folder] - elsewhere[folder]))
    return found


def _points_by_folder(corpus: Sequence[nab.Series], constants: Constants) -> dict[str, float]:
    points: dict[str, float] = {}
    for series in corpus:
        found = nab.points({series.name: detect(series, constants)}, [series], STANDARD)
        points[series.folder] = points.get(series.folder, 0.0) + found
    return points


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Detectors on the Numenta benchmark.")
    parser.add_argument("--folders", action="store_true", help="constants chosen elsewhere, too")
    parser.add_argument("--forest", action="store_true", help="an IsolationForest, too")
    options = parser.parse_args()
    corpus = nab.all_series()
    print(f"{'':28}" + "".join(f"{name:>15}" for name in nab.PROFILES))
    _print("ours, one fixed threshold", our_scores(corpus))
    others = dict(PEERS) | ({"IsolationForest": peers.isolation_forest} if options.forest else {})
    for name, peer in others.items():
        _print(name, best_scores({series.name: peer(series) for series in corpus}, corpus))
    for name in PUBLISHED:
        _print(f"{name} (published)", best_scores(nab.published(name), corpus))
    if options.folders:
        print("\nconstants chosen on the other folders, standard profile: score, points lost")
        for folder, result in losses(corpus).items():
            _print(folder, result)


def _print(name: str, scores: Iterable[float]) -> None:
    print(f"{name:28}" + "".join(f"{score:15.2f}" for score in scores), flush=True)


if __name__ == "__main__":
    main()
