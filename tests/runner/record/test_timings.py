"""Durations of the phases of a run, from its journal."""

from collections.abc import Callable
from pathlib import Path

from securenet_obs.runner.command import Outcome
from securenet_obs.runner.evidence.folder import read_manifest
from securenet_obs.runner.record.runs import CommandRecord, RunRecord
from securenet_obs.runner.record.timings import phases

ROWS = [
    ("run_started", "00.000"), ("kernel_started", "00.500"), ("cell_started", "00.600"),
    ("cell_finished", "03.500"), ("judged", "03.750"), ("saved", "04.000"),
]  # fmt: skip


def record(*left_out: str) -> RunRecord:
    events = [
        {"event": name, "run": "r", "at": f"2026-11-23T04:00:{at}000Z", "cell": 1}
        for name, at in ROWS
        if name not in left_out
    ]
    return (
        CommandRecord().fold([events[0] | {"kind": "plain", "declared": []}, *events[1:]]).runs[0]
    )


def test_the_phases_of_a_run_follow_each_other() -> None:
    """The phases add up to the whole run, and a phase that was not reached takes 0 s."""
    whole = {"kernel start": 0.5, "cells": 3.0, "kernel end": 0.25, "saving": 0.25}
    assert phases(record()) == whole
    assert phases(record("kernel_started", "cell_finished")) == {
        "kernel start": 0.0, "cells": 0.0, "kernel end": 3.75, "saving": 0.25,
    }  # fmt: skip


def test_a_manifest_holds_the_phases_of_each_run(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The duration of a slow cell is in `cells`."""
    outcome = execute(write_notebook("import time; time.sleep(0.4)"), plain=True)
    (row,) = read_manifest(outcome.folder)["runs"]
    assert row["phases"]["cells"] > 0.39
    assert all(seconds > 0 for seconds in row["phases"].values())
