"""Titles and times of issues are read from any backend's answer."""

from datetime import UTC, datetime

import pytest

from securenet_obs.errors import UnreachableError
from securenet_obs.probes.errors.issues import join_title, parse_time


def test_a_title_is_one_line() -> None:
    """A missing message leaves the type."""
    assert join_title("KeyError", " a\n b ") == "KeyError: a b"
    assert join_title("KeyError", None) == "KeyError"
    assert "hunter2secret" not in join_title("Error", "redis://user:hunter2secret@cache/0")


def test_a_time_is_of_iso_8601() -> None:
    """Another value is not an answer of the backend."""
    assert parse_time("2026-11-27T10:00:00Z", "x") == datetime(2026, 11, 27, 10, tzinfo=UTC)
    for value in (None, 7, "yesterday"):
        with pytest.raises(UnreachableError, match="times of issues"):
            parse_time(value, "https://sentry.example")
