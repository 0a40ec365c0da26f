"""Each cause of logs that do not parse has its row and its step."""

from pathlib import Path

import pytest

from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.symptoms.logs_do_not_parse import LogsDoNotParse
from securenet_obs.settings import Settings
from tests.oncall.actions.test_quarantine import quarantine_a_record

RECORD = (
    '{"timestamp":"2026-11-26T10:00:00.000000Z","level":"info","logger":"l","event":"e",'
    '"service":"securenet-beat","environment":"local","release":"r1"}\n'
)
CONSOLE = "2026-11-26T10:00:00.000000Z [info     ] e\n"


def applying(symptom: LogsDoNotParse) -> list[Row]:
    """Return the rows that apply after a look."""
    symptom.look()
    return [row for row in symptom.decide() if row.applies]


@pytest.fixture
def log(tmp_path: Path, sqlite_store: Path) -> Path:
    """Return a log with three records, beside an empty store."""
    path = tmp_path / "beat.log"
    path.write_text(RECORD * 3)
    return path


@pytest.fixture
def symptom(log: Path) -> LogsDoNotParse:
    """Return the symptom of a log, on a target without named actions."""
    return LogsDoNotParse(Settings(log_source=str(log)), deadline_s=0.1)


def test_a_healthy_log_needs_no_action(symptom: LogsDoNotParse) -> None:
    """No row applies, and every verification would pass."""
    assert applying(symptom) == []
    assert symptom.missing_fields().empty
    assert symptom.history().empty
    for verify in (symptom.verify_format, symptom.verify_fields, symptom.verify_quarantine):
        assert verify().passed


def test_a_process_in_the_console_format_is_restarted(log: Path, symptom: LogsDoNotParse) -> None:
    """It is mended after three records; without a named action the step is a person's."""
    log.write_text(RECORD + CONSOLE * 2)
    (row,) = applying(symptom)
    assert "2 of its newest 3 lines are rejected; it writes LOG_FORMAT=console" in row.why
    assert isinstance(row.step, Manual)
    assert row.step.command == "restore_log_format service=securenet-beat"
    assert symptom.history().to_dict("records")[0]["lines"] == 2
    for count, passed in ((0, False), (2, False), (3, True)):
        log.write_text(RECORD + CONSOLE * 2 + RECORD * count)
        assert symptom.verify_format().passed is passed
    assert applying(symptom) == []


def test_lines_of_another_program_are_not_mended_by_a_restart(
    log: Path, symptom: LogsDoNotParse
) -> None:
    """The step names the command that lists them."""
    log.write_text(RECORD + "Segmentation fault\n" + RECORD)
    (row,) = applying(symptom)
    assert isinstance(row.step, Manual)
    assert row.step.command == f"securenet-obs logs check {log}"


def test_a_release_without_a_required_field_is_rolled_back(
    log: Path, symptom: LogsDoNotParse
) -> None:
    """An empty field counts as missing."""
    log.write_text(RECORD + RECORD.replace('"l"', '""').replace("r1", "r2"))
    (row,) = applying(symptom)
    assert row.finding == "securenet-beat of release r2 omits required fields"
    assert isinstance(row.step, Manual)
    assert row.step.command == "roll_back service=securenet-beat, release=r2"
    assert symptom.missing_fields().to_dict("records") == [
        {"service": "securenet-beat", "release": "r2", "field": "logger", "lines": 1}
    ]
    assert symptom.verify_fields().observed == "logger of securenet-beat"


def test_records_in_quarantine_are_replayed(symptom: LogsDoNotParse) -> None:
    """The action needs no entry, and its verification fails before it."""
    quarantine_a_record()
    (row,) = applying(symptom)
    assert isinstance(row.step, Action)
    assert not symptom.verify_quarantine().passed
    row.step.run()
    assert symptom.verify_quarantine().passed
    assert applying(symptom) == []
