import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.logs.fields.levels import LEVELS as CONTRACT
from securenet_obs.probes.logs.finding import LEVELS, Wanted, find_lines

LINES = [
    {"timestamp": "2026-11-27T03:14:01Z", "level": "info", "event": "a", "request_id": "1"},
    {"timestamp": "2026-11-27T03:14:02Z", "level": "error", "event": "b", "request_id": "1"},
    {"timestamp": "2026-11-27T03:14:03Z", "level": "warning", "event": "c", "request_id": "2"},
    {"level": "strange", "event": "d"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [json.dumps(line) for line in LINES]
    (tmp_path / "api.log").write_text("\n".join([rows[0], "not JSON", *rows[2:]]) + "\n")
    (tmp_path / "worker.log").write_text(f"{rows[1]}\n")
    return tmp_path


def at(second: int) -> datetime:
    return datetime(2026, 11, 27, 3, 14, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "events"),
    [
        (Wanted(), "dabc"),
        (Wanted(since=at(2)), "dbc"),
        (Wanted(until=at(2)), "dab"),
        (Wanted(level="warning"), "dbc"),
        (Wanted(level="critical"), "d"),
        (Wanted(fields={"request_id": "1"}), "ab"),
        (Wanted(fields={"request_id": "3"}), ""),
    ],
)
def test_lines_are_found_in_the_order_of_time(folder: Path, wanted: Wanted, events: str) -> None:
    """A line without a time or a known level is left out by its fields alone."""
    found = find_lines(folder, wanted=wanted, limit=10)
    assert "".join(row.record["event"] for row in found.lines) == events
    assert found.total == len(events)


def test_every_line_has_its_place(folder: Path) -> None:
    """Lines that are not JSON count, and the last lines are kept."""
    found = find_lines(folder, wanted=Wanted(), limit=2)
    assert [(Path(row.file).name, row.number) for row in found.lines] == [
        ("worker.log", 1),
        ("api.log", 3),
    ]
    assert found.total == 4


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    """It is not the answer that there is no such line."""
    with pytest.raises(NotFoundError):
        find_lines(tmp_path / "nowhere", wanted=Wanted(), limit=1)


def test_the_levels_are_those_of_the_contract() -> None:
    """They are repeated, since the module of the contract imports pandas."""
    assert LEVELS == CONTRACT
