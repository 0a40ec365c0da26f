"""Computes the durations of a run's phases and of its checks from the times in its record."""

from datetime import datetime

from securenet_obs.runner.record.runs import RunRecord

PHASES = {
    "kernel start": ("kernel_started",),
    "cells": ("cell_finished", "cell_error"),
    "kernel end": ("judged",),
    "saving": ("saved",),
}
"""The phases of a run, each with the events that may end it."""


def phases(record: RunRecord) -> dict[str, float]:
    """Return the seconds of each phase of a run; 0 for a phase that it did not reach."""
    seconds = {}
    before = str(record.started["at"])
    for phase, events in PHASES.items():
        after = max([record.times[event] for event in events if event in record.times] or [before])
        seconds[phase] = round((_moment(after) - _moment(before)).total_seconds(), 3)
        before = after
    return seconds


def check_seconds(record: RunRecord, check: str) -> float:
    """Return the duration of a check of a run in seconds."""
    start, end = record.check_times[check]
    return round(max(0.0, (_moment(end) - _moment(start)).total_seconds()), 3)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
