"""The ledger on the command line: it balances, or names the missing tasks and exits with 1."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from securenet_obs.monitoring.metrics.ledger import COUNTS_KEY, UNANSWERED_KEY
from securenet_obs.processes.polling import poll_until
from securenet_obs.workers.names import LEDGER_SENT_KEY
from tests.stores import create_sqlite

Call = Callable[..., Any]


@pytest.fixture
def target(redis_server: Any, tmp_path: Path) -> Path:
    """Return the env file of a target with an empty broker."""
    url = redis_server.environment["REDIS_URL"].removesuffix("0")
    file = tmp_path / "target.env"
    store = create_sqlite(tmp_path / "store.sqlite3")
    file.write_text(f"REDIS_URL={url}2\nRESULT_URL={url}5\nDATABASE_URL={store}\n")
    for number in (2, 5):
        redis.Redis.from_url(f"{url}{number}").flushdb()
    return file


@pytest.mark.slow
def test_the_ledger_of_a_stack_balances(call: Call, stack: Any, tmp_path: Path) -> None:
    """Beat's canaries are sent and done while it is read, and none of them is missing."""
    file = tmp_path / "target.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in stack.environment.items()))

    began = time.time()

    def read() -> tuple[int, list[str]]:
        read = call("ledger", "--since", "1d", "--target", file, "--json")
        ledger = json.loads(read.stdout)
        missing = any(section["missing"] for section in ledger.values())
        assert read.returncode == missing, read.stdout + read.stderr
        found = ledger["tasks"]
        done = sum(row["done"] for row in found["rows"])
        # Tests that break the same stack have lost tasks before.
        return done, [row["id"] for row in found["missing"] if row["sent_at"] >= began]

    before, _ = read()
    after, missing = poll_until(read, lambda one: one[0] > before, deadline_s=120)
    assert after > before
    assert missing == []


@pytest.mark.slow
def test_a_missing_task_is_named(call: Call, redis_server: Any, target: Path) -> None:
    """The table has its row, the line its id; JSON has the time of sending."""
    url = redis_server.environment["REDIS_URL"].removesuffix("0")
    with redis.Redis.from_url(f"{url}2") as broker:
        broker.xadd(LEDGER_SENT_KEY, {"id": "lost-1", "task": "scan", "queue": "scans"})
    done = call("ledger", "--target", target)
    assert done.returncode == 1
    assert "missing: lost-1 scan" in done.stdout
    assert "Tasks, records since 20" in done.stdout
    assert "1 missing" in done.stdout
    assert "Log lines: LOG_SOURCE is not set." in done.stdout
    done = call("ledger", "--target", target, "--json")
    (task,) = json.loads(done.stdout)["tasks"]["missing"]
    assert (task["id"], task["queue"], task["sent_at"] > 1.7e9) == ("lost-1", "scans", True)


@pytest.mark.slow
def test_missing_events_and_lines_are_named(
    call: Call, redis_server: Any, target: Path, tmp_path: Path
) -> None:
    """An event by its id, lines by service and time; lines of another producer are listed."""
    logs = tmp_path / "logs"
    logs.mkdir()
    now = time.time() - 30
    at = f"{datetime.fromtimestamp(now, UTC):%FT%T}"
    (logs / "proxy.log").write_text(json.dumps({"timestamp": f"{at}Z", "service": "proxy"}))
    target.write_text(f"{target.read_text()}LOG_SOURCE={logs}\n")
    state = {"service": "api", "captured_at": now, "alive_at": now}
    with redis.Redis.from_url(redis_server.environment["REDIS_URL"][:-1] + "5") as results:
        results.hset(UNANSWERED_KEY, "e1", json.dumps(state))
        for kind, outcome in (("events", "captured"), ("lines", "written")):
            field = json.dumps([kind, at[:18], "api", outcome])
            results.hset(f"{COUNTS_KEY}{at[:13]}", field, 1)
    done = call("ledger", "--target", target)
    assert done.returncode == 1
    for text in ("missing: e1 api", f"missing: 1 of api from {at[:18]}0Z", "1 of proxy"):
        assert text in done.stdout
    ledger = json.loads(call("ledger", "--target", target, "--json").stdout)
    assert ledger["events"]["missing"][0]["id"] == "e1"
    assert ledger["lines"]["missing"] == [{"service": "api", "from": f"{at[:18]}0Z", "lines": 1}]
    assert ledger["lines"]["others"] == {"proxy": 1}


def test_a_period_is_a_number_with_a_unit(call: Call, target: Path) -> None:
    """The error has an example."""
    done = call("ledger", "--since", "1 hour", "--target", target)
    assert done.returncode == 2
    assert "--since 1h" in done.stderr


def test_one_task_is_explained(call: Call, redis_server: Any, target: Path) -> None:
    """The exit code is 1 if it is lost."""
    url = redis_server.environment["REDIS_URL"].removesuffix("0")
    with redis.Redis.from_url(f"{url}2") as broker, redis.Redis.from_url(f"{url}5") as results:
        broker.xadd(LEDGER_SENT_KEY, {"id": "t1", "task": "scan", "queue": "scans"})
        done = call("ledger", "--task", "t1", "--target", target)
        assert (done.returncode, "t1: scan, sent to scans. It is missing" in done.stdout) == (
            1,
            True,
        )
        results.set("celery-task-meta-t1", json.dumps({"status": "SUCCESS", "result": None}))
        done = call("ledger", "--task", "t1", "--target", target, "--json")
        assert (done.returncode, json.loads(done.stdout)["result"]) == (0, "None")
