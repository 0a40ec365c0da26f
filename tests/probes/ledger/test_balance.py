"""The ledger: the balances of tasks, events and lines together."""

import json
import time
from pathlib import Path

import pytest
import redis

from securenet_obs.errors import UnreachableError
from securenet_obs.probes.ledger import balance
from securenet_obs.probes.ledger.balance import read_ledger
from securenet_obs.probes.ledger.counts import COUNTS_KEY, name_slice
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings


@pytest.fixture
def counted(results: redis.Redis) -> None:
    """Count two lines of a service."""
    slice_name = name_slice(time.time() - 30)
    field = json.dumps(["lines", slice_name, "api", "written"])
    results.hset(f"{COUNTS_KEY}{slice_name[:13]}", field, "2")


def test_missing_lines_are_awaited_and_counted(
    settings: Settings, counted: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that arrives while the ledger is read is not missing."""
    log = tmp_path / "api.log"
    line = json.dumps({"timestamp": f"{name_slice(time.time() - 30)}5.000000Z", "service": "api"})
    log.write_text(f"{line}\n")
    settings = settings.model_copy(update={"log_source": str(tmp_path)})
    assert read_ledger(settings, 60.0, settle_s=0.0).missing_count == 1
    read = balance.read_lines

    def read_and_write(*arguments: object) -> object:
        try:
            return read(*arguments)  # type: ignore[arg-type]
        finally:
            log.write_text(f"{line}\n{line}\n")

    monkeypatch.setattr(balance, "read_lines", read_and_write)
    assert read_ledger(settings, 60.0, settle_s=3.0).missing_count == 0


@pytest.mark.parametrize(
    ("source", "reason"), [("", "LOG_SOURCE is not set."), ("/absent", "/absent is not a log file")]
)
def test_without_log_files_the_rest_is_balanced(
    settings: Settings, counted: None, source: str, reason: str
) -> None:
    """The reason is part of the ledger, and no line is called missing."""
    ledger = read_ledger(settings.model_copy(update={"log_source": source}), 60.0, settle_s=0.0)
    assert (ledger.lines, ledger.missing_count) == (None, 0)
    assert ledger.unread.startswith(reason)


def test_an_unreachable_redis_is_no_balance() -> None:
    """No task is called missing then."""
    url = f"redis://127.0.0.1:{find_free_ports(1)[0]}/0"
    with pytest.raises(UnreachableError):
        read_ledger(Settings.model_validate({"redis_url": url}), 60.0)


def test_a_period_begins_with_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most ten seconds are slept."""
    slept: list[float] = []
    monkeypatch.setattr(balance.time, "time", lambda: 1_795_729_043.5)
    monkeypatch.setattr(balance.time, "sleep", slept.append)
    assert balance.wait_for_period() == 1_795_729_050.0
    assert slept == [6.5]
