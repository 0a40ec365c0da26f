"""Announcements of a command: once for a change, after retries, again if none was delivered."""

import json
from pathlib import Path

import pytest

from securenet_obs.notifications.announcing import announce
from securenet_obs.notifications.standings import read_standings
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.target import target_of
from tests.notifications.conftest import judged_run
from tests.web_server import WebServer

KEY = "0123456789abcdef0123456789abcdef"


class Commands:
    """Commands of one evidence root, a minute apart."""

    def __init__(self, root: Path, server: WebServer, **variables: str) -> None:
        self.server, self._root, self._minutes = server, root, 0
        url = f"json://127.0.0.1:{server.port}/hook"
        self._target = target_of("staging.env", {"NOTIFY_URLS": url, **variables})

    def end(self, *runs: RunRecord) -> list[str]:
        """Announce a command with these runs; return its problems."""
        self._minutes += 1
        folder = self._root / f"command-{self._minutes}"
        return announce(runs, self._target, folder, now=lambda: 60.0 * self._minutes)

    @property
    def titles(self) -> list[str]:
        """Titles of the notifications that have arrived."""
        return [json.loads(body)["title"] for _, _, body in self.server.requests]


@pytest.fixture
def commands(tmp_path: Path, web_server: WebServer) -> Commands:
    """Return commands that notify at once."""
    return Commands(tmp_path, web_server)


RED, GREEN = "08_the_broker_is_safe on staging.env: failed", "08_the_broker_is_safe on staging.env"


def test_only_a_change_is_notified(commands: Commands) -> None:
    """Red once, green once; the same verdict again, skipped and interrupted runs are silent."""
    for verdict in ("passed", "failed", "failed", "skipped", "interrupted", "failed", "passed"):
        assert commands.end(judged_run(verdict)) == []
    assert commands.titles == [RED, f"{GREEN}: passes again"]


def test_the_last_attempt_counts(commands: Commands) -> None:
    """A run that passes on its second attempt is not a failure; a runbook never is."""
    first = judged_run("failed")
    second = judged_run("passed", first="08_the_broker_is_safe")
    assert commands.end(first, second) == []
    assert commands.end(judged_run("failed", "queue_is_growing", kind="runbook")) == []
    assert commands.titles == []


def test_a_notification_that_none_took_is_sent_again(commands: Commands, tmp_path: Path) -> None:
    """The problem has no address; the next run delivers, once."""
    commands.end(judged_run("passed"))
    commands.server.status = 500
    (problem,) = commands.end(judged_run("failed"))
    assert "entry 1 (json) answered 500. It is sent again with the next run." in problem
    assert (
        read_standings(tmp_path).rows["08_the_broker_is_safe on staging.env"].notified == "passed"
    )
    commands.server.status = 200
    commands.server.requests.clear()
    assert commands.end(judged_run("failed")) == commands.end(judged_run("failed")) == []
    assert commands.titles == [RED]
    text = json.loads(commands.server.requests[0][2])["message"]
    assert "since 1970-01-01 00:02 UTC (2 runs)" in text


def test_a_short_failure_is_not_notified(tmp_path: Path, web_server: WebServer) -> None:
    """NOTIFY_AFTER_S counts over several commands."""
    commands = Commands(tmp_path, web_server, NOTIFY_AFTER_S="100")
    for verdict in ("passed", "failed", "passed", "failed", "failed"):
        commands.end(judged_run(verdict))
    assert commands.titles == []
    commands.end(judged_run("failed"))
    assert commands.titles == [RED]


def test_every_run_that_states_something_checks_in(tmp_path: Path, web_server: WebServer) -> None:
    """With the status of its last attempt; without a schedule none does."""
    dsn = f"http://{KEY}@127.0.0.1:{web_server.port}/1"
    commands = Commands(tmp_path, web_server, SENTRY_DSN=dsn, NOTIFY_URLS="")
    commands.end(judged_run("passed"))
    assert web_server.requests == []
    commands = Commands(
        tmp_path, web_server, SENTRY_DSN=dsn, NOTIFY_URLS="", VALIDATION_SCHEDULE="0 * * * *"
    )
    commands.end(judged_run("passed", "a"), judged_run("failed", "b"), judged_run("skipped", "c"))
    commands.end(judged_run("interrupted", "d"), judged_run("bad_parameters", "e"))
    payloads = [json.loads(body.splitlines()[2]) for _, _, body in web_server.requests]
    assert [(row["monitor_slug"], row["status"]) for row in payloads] == [
        ("validation-a", "ok"), ("validation-b", "error"),
    ]  # fmt: skip
    web_server.status = 429
    (problem,) = commands.end(judged_run("passed", "a"))
    assert "answered 429" in problem
    assert KEY not in problem
