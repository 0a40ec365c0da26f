"""Summary of log files: counts, log types, unknown shapes, time span, talkers, quarantine."""

from collections.abc import Iterable
from typing import Any

from securenet_obs.detection.network.counting.analysis import analyse_blocks
from securenet_obs.detection.network.counting.partials import Partial
from securenet_obs.detection.network.readers.sources import read_blocks

TOP_TALKERS = 10
"""Number of addresses that a summary lists."""


def summarise(sources: Iterable[str]) -> dict[str, Any]:
    """Read files once and return their summary; `-` is standard input.

    Returns:
        `files`; `lines`, `records`, `quarantined`, `blank` (lines = records + quarantined + blank;
        an envelope counts as its items), `untimed` (records without a time); `first` and `last`
        (ISO 8601, or None); `log_types` and `reasons` (counts by name); `unknown_shapes` (`names`,
        `count`) of records that no log type has; `metrics` of all records; `top_talkers`
        (`address`, `events`, `bytes_sent`), by bytes; `talkers_are_a_sample`; `quarantine`, the
        first items (`file`, `line`, `offset`, `place`, `reason`, `sample`).

    Raises:
        OSError: a file cannot be read.
    """
    files = list(sources)
    whole = Partial()
    for name in files:
        part = analyse_blocks(read_blocks(name), name)
        part.numbered = 0
        whole.append(part)
    return {"files": files, **describe(whole)}


def describe(whole: Partial) -> dict[str, Any]:
    """Return the summary of a partial result; see `summarise`."""
    return {
        "lines": whole.lines,
        "records": whole.records,
        "quarantined": whole.quarantined,
        "blank": whole.blank,
        "untimed": whole.untimed,
        "first": None if whole.first is None else whole.first.isoformat(),
        "last": None if whole.last is None else whole.last.isoformat(),
        "log_types": {name: count for name, (count,) in whole.log_types.rows()},
        "unknown_shapes": [
            {"names": names, "count": count} for names, (count,) in whole.shapes.top(MAX_SHAPES)
        ],
        "reasons": {reason: count for reason, (count,) in whole.reasons.rows()},
        "metrics": {**whole.total.counts(), "peers": whole.total.peers.estimate},
        "top_talkers": [
            {"address": address, "events": events, "bytes_sent": sent}
            for address, (events, sent) in whole.talkers.top(TOP_TALKERS, 1)
        ],
        "talkers_are_a_sample": whole.talkers.is_sample,
        "quarantine": [item._asdict() for item in whole.items],
    }


MAX_SHAPES = 50
"""Number of unknown shapes that a summary lists, the most frequent ones."""
