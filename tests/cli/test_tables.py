"""Tables of commands: nothing wraps in a log, and no word is broken at 80 columns."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.oncall.history import History
from tests.stores import create_sqlite

PROJECT = Path(__file__).parents[2]
TARGET = {
    "name": "local stack",
    "environment": "production",
    "redis": "redis://redis.internal:6379/0",
}

Call = Callable[..., Any]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the env file of a target with a journal, keys and a vulnerable tenant."""
    file = tmp_path / "target.env"
    file.write_text(f"DATABASE_URL={create_sqlite(tmp_path / 'store.sqlite3')}\n")
    for path in PROJECT.glob("runbooks/*.ipynb"):
        common = {"runbook": path.stem, "target": TARGET, "outcome": "passed"}
        journal = History(tmp_path / "evidence")
        journal.append("proved", **common)
        journal.append("crossed", **common)
        did = "put each message that nobody holds back into its queue"
        journal.append("after", who="ann.of.the.platform@bastion.internal", does=did, **common)
    return file


COMMANDS = (
    ("list", "--root", PROJECT),
    ("show", "queue_is_growing", "--root", PROJECT),
    ("runbooks", "list", "--root", PROJECT, "--evidence", "evidence"),
    ("oncall", "history", "--evidence", "evidence"),
    ("api-keys", "list", "--target", "target.env"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(map(str, command[:2])))
def test_a_table_is_whole(
    call: Call, target: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[object, ...]
) -> None:
    """The width counts on a terminal alone; there each word of the log stands in one line, too."""
    if command[0] == "api-keys":
        key = ("create", "tenant-with-a-long-name", "--label", "collector in Berlin, rack 12 of 40")
        assert call("api-keys", *key, "--target", target).returncode == 0
    logs = []
    for columns in ("20", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        logs.append(call(*command).stdout)
    assert logs[0] == logs[1] != ""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    terminal = re.sub(r"\x1b\[[0-9;]*m", "", call(*command).stdout)
    words = set(terminal.split())
    # The heading of a block has no name.
    assert [word for word in logs[0].split()[1:] if word not in words] == []
    if command[0] == "runbooks":
        assert max(map(len, terminal.splitlines())) <= 80
