"""Metrics on the command line: printed, served, and accepted by Prometheus' own checker."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from securenet_obs.processes.ports import find_free_ports
from tests.promtool import promtool
from tests.stores import create_sqlite
from tests.waiting import eventually

Call = Callable[..., Any]


def test_promtool_accepts_the_metrics_of_a_stack(call: Call, stack: Any, tmp_path: Path) -> None:
    """Every source answers; a tenant's name is nowhere."""
    target = tmp_path / "target.env"
    target.write_text("".join(f"{name}={value}\n" for name, value in stack.environment.items()))
    done = call("metrics", "print", "--target", target)
    assert done.returncode == 0, done.stderr
    checked = promtool("check", "metrics", text=done.stdout)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    sources = [line for line in done.stdout.splitlines() if "securenet_source_up{" in line]
    assert len(sources) == 5
    assert all(line.endswith(" 1.0") for line in sources)
    tenants = [pair.partition("=")[0] for pair in stack.environment["API_KEYS"].split(",")]
    assert not [tenant for tenant in tenants if tenant in done.stdout]


def test_a_part_that_does_not_answer_is_no_line_of_the_metrics(call: Call, tmp_path: Path) -> None:
    """The reason is logged beside them, on standard error."""
    target = tmp_path / "target.env"
    (port,) = find_free_ports(1)
    store = create_sqlite(tmp_path / "store.sqlite3")
    target.write_text(f"REDIS_URL=redis://127.0.0.1:{port}/0\nDATABASE_URL={store}\n")
    done = call("metrics", "print", "--target", target)
    assert done.returncode == 0, done.stderr
    assert 'securenet_source_up{source="queues"} 0.0' in done.stdout
    assert "metrics_source_failed" not in done.stdout
    assert "metrics_source_failed" in done.stderr
    checked = promtool("check", "metrics", text=done.stdout)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.slow
def test_each_scrape_reads_anew(redis_server: Any, tmp_path: Path) -> None:
    """The server holds no state of the queues."""
    (port,) = find_free_ports(1)
    command = [sys.executable, "-m", "securenet_obs", "metrics", "serve", "--port", str(port)]
    environment = {
        **redis_server.environment,
        "DATABASE_URL": create_sqlite(tmp_path / "store.sqlite3"),
        "HOME": str(tmp_path),
    }
    with subprocess.Popen(command, env=environment, cwd=tmp_path) as process:
        try:

            def scrape() -> str:
                try:
                    return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
                except httpx.TransportError:
                    return ""

            with Redis.from_url(redis_server.environment["REDIS_URL"]) as broker:
                broker.lpush("models\x06\x169", "{}")
                try:
                    line = 'securenet_queue_messages{priority="9",queue="models"} 1.0'
                    assert eventually(lambda: line in scrape(), 60)
                finally:
                    broker.delete("models\x06\x169")
                assert eventually(lambda: line.replace(" 1.0", " 0.0") in scrape(), 60)
        finally:
            process.terminate()
