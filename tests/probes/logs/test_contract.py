import json
import os
from pathlib import Path

import pytest

from securenet_obs.probes.logs.contract import REQUIRED_FIELDS, find_contract_violations
from securenet_obs.probes.logs.frame import log_frame
from tests.forked_python import ForkedPython

WRITES = """
import logging, structlog
from securenet_obs.monitoring import start_monitoring
from securenet_obs.settings import get_settings

start_monitoring(get_settings(), "securenet-api")
structlog.get_logger("securenet.api").info("ready")
structlog.get_logger("securenet.api").warning("busy", tenant_id="acme", n=1)
logging.getLogger("a.library").error("of the standard library %d", 7)
"""

Line = dict[str, object]


@pytest.fixture(scope="module")
def lines(python: ForkedPython) -> list[Line]:
    """Return lines that a process of SecureNet has written."""
    written = python.run(["-c", WRITES], env=os.environ)
    return [json.loads(line) for line in written.stdout.splitlines()]


@pytest.fixture
def good(lines: list[Line]) -> Line:
    """Return one of them."""
    return next(line for line in lines if line["event"] == "ready")


def violations(folder: Path, *records: dict[str, object]) -> list[tuple[int, str, str]]:
    """Return line, field and problem of each violation."""
    file = folder / "a.log"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    found = find_contract_violations(log_frame(file))
    assert list(found.columns) == ["file", "line", "field", "problem"]
    assert set(found["file"]) <= {str(file)}
    return list(found[["line", "field", "problem"]].itertuples(index=False, name=None))


def test_valid_lines_have_no_violations(tmp_path: Path, lines: list[Line]) -> None:
    """SecureNet's own lines, with additional fields, have no violations."""
    assert {"ready", "busy", "of the standard library 7"} <= {line["event"] for line in lines}
    assert violations(tmp_path, *lines) == []


@pytest.mark.parametrize("field", REQUIRED_FIELDS)
def test_missing_field_is_a_violation(tmp_path: Path, good: Line, field: str) -> None:
    """Each required field is reported, whether missing in one line or in all."""
    dropped = {name: value for name, value in good.items() if name != field}
    assert violations(tmp_path, good, dropped) == [(2, field, "missing")]
    assert violations(tmp_path, dropped, {**good, field: None}) == [
        (1, field, "missing"),
        (2, field, "missing"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("timestamp", "2026-11-23T04:05:06.123456", "no time zone"),
        ("timestamp", "2026-11-23T05:05:06.123456+01:00", "an offset instead of Z"),
        ("timestamp", 1795406706, "not text"),
        ("level", "INFO", "not in SecureNet's spelling"),
        ("level", "loud", "unknown level"),
        ("event", 7, "not text"),
        ("event", ["a"], "not text"),
        ("service", "", "empty"),
    ],
)
def test_wrong_value_is_a_violation(
    tmp_path: Path, good: Line, field: str, value: object, problem: str
) -> None:
    """A value of another type or format is a violation of its field and line."""
    assert violations(tmp_path, good, {**good, field: value}, good) == [(2, field, problem)]


def test_timestamp_under_another_name_is_a_violation(tmp_path: Path, good: Line) -> None:
    """A foreign record is parsed, and still violates the contract."""
    foreign = {**good, "time": good["timestamp"]}
    del foreign["timestamp"]
    assert violations(tmp_path, foreign) == [(1, "timestamp", "missing")]


def test_empty_log_has_no_violations(tmp_path: Path) -> None:
    """The table is empty and has its columns."""
    assert violations(tmp_path) == []
