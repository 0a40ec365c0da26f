"""Lost tasks are sent again by the task that sent them, once, until the ledger shows it."""

import json

import pytest
import redis

from securenet_obs.oncall.actions.lost_tasks import LostTasks, find_lost, list_ids, send_again
from securenet_obs.oncall.actions.redis import set_option
from securenet_obs.probes.ledger.records import SentTask
from securenet_obs.probes.ledger.results_state import ResultsState
from securenet_obs.probes.ledger.tasks import TaskBalance
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

TASKS = "securenet_obs.workers.tasks."
SCAN, DISPATCHER = f"{TASKS}run_vulnerability_scan", f"{TASKS}dispatch_vulnerability_scans"


def balance(*rows: tuple[str, float, str]) -> TaskBalance:
    """Return a balance of tasks: name, time of sending, outcome."""
    sent = {
        str(number): SentTask(str(number), TASKS + name, "default", at)
        for number, (name, at, _) in enumerate(rows)
    }
    outcomes = {str(number): row[2] for number, row in enumerate(rows)}
    return TaskBalance(0.0, outcomes, sent, ResultsState(None, ""))


@pytest.mark.parametrize(
    ("rows", "described"),
    [
        ([("run_vulnerability_scan", 5, "missing")], "1 run_vulnerability_scan"),
        ([("run_vulnerability_scan", 5, "done")], "none"),
        ([("echo_canary", 5, "missing")], "none"),
        (
            [("dispatch_vulnerability_scans", 4, "done"), ("run_vulnerability_scan", 5, "missing")],
            "1 run_vulnerability_scan",
        ),
        (
            [("run_vulnerability_scan", 5, "missing"), ("dispatch_vulnerability_scans", 6, "done")],
            "none",
        ),
        (
            [
                *[("run_vulnerability_scan", 5, "missing")] * 2,
                ("dispatch_vulnerability_scans", 6, "waiting"),
            ],
            "2 run_vulnerability_scan",
        ),
        (
            [("process_network_logs", 5, "missing"), ("republish_submissions", 6, "done")],
            "1 process_network_logs",
        ),
        ([("process_log_range", 5, "missing")], "1 process_log_range"),
    ],
)
def test_a_lost_task_counts_until_it_was_sent_again(
    rows: list[tuple[str, float, str]], described: str
) -> None:
    """A dispatch counts once it is done; a batch has its own id again."""
    assert find_lost(balance(*rows)).describe() == described


def test_a_task_without_a_sender_here_is_named() -> None:
    """Only its sender has its arguments."""
    lost = find_lost(balance(*[("process_log_range", 5, "missing")] * 7))
    assert (dict(lost.repeatable), len(lost.others)) == ({}, 7)
    assert list_ids(lost.others) == "0, 1, 2, 3, 4, 2 more"
    assert list_ids([]) == "none"


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


def test_a_repetition_has_the_same_window(settings: Settings) -> None:
    """So the dispatcher dispatches once; the ledger records each sending."""
    lost = LostTasks({DISPATCHER: [SentTask("1", SCAN, "scans", 7.5)]}, [])
    policy = set_option(settings.redis_url, "REDIS_URL", "maxmemory-policy", "noeviction", "set it")
    action = send_again(settings, lost, policy)
    assert action.does == "set it and send dispatch_vulnerability_scans to default"
    assert action.read_state() == {
        "maxmemory-policy": "noeviction",
        "sends": "dispatch_vulnerability_scans",
    }
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        client.delete("default", "securenet:ledger:sent")
        action.run()
        action.run()
        messages = [json.loads(row)["headers"] for row in client.lrange("default", 0, -1)]
        recorded = client.xlen("securenet:ledger:sent")
        client.delete("default", "securenet:ledger:sent")
    assert [row["task"] for row in messages] == [DISPATCHER] * 2
    assert [row["securenet_window"] for row in messages] == ["again after 7.500"] * 2
    assert recorded == 2
