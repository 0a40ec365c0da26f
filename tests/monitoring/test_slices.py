"""Slices of ten seconds, as they begin the timestamp of a log line."""

from securenet_obs.monitoring.slices import name_slice


def test_a_slice_begins_the_times_of_its_ten_seconds() -> None:
    """The last digit of the seconds is left out."""
    assert name_slice(1_795_729_040.0) == name_slice(1_795_729_049.999) == "2026-11-26T21:37:2"
    assert name_slice(1_795_729_050.0) == "2026-11-26T21:37:3"
