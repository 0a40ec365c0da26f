"""Cost of the ledger and of the metrics for a task, each beside the same work without it."""

import json
import statistics
import time
import uuid
from types import SimpleNamespace

import redis
from rounds import Row, Target, Times, interleaved

from securenet_obs.workers.celery_fixes.backend import _KEEP
from securenet_obs.workers.ledger_records import ADD_ENDED, add_sent
from securenet_obs.workers.metrics import recording

LEDGER, METRICS, TASK = "ledger", "metrics", "round trip"
ROUNDS = 301


def instrument_rows(task_s: float, client: "redis.Redis") -> list[Row]:
    """Return what the ledger and the metrics add to a task, as shares of its round trip.

    Args:
        task_s: seconds of a round trip, measured in the same run.
        client: client of a database that the rows may fill and empty.
    """
    added = {LEDGER: _measure_ledger_s(client), METRICS: _measure_metrics_s()}
    limits = {LEDGER: Target(most=0.05), METRICS: Target(most=0.05)}
    return [
        Row(
            "added to a task",
            name,
            seconds * 1e6,
            seconds / task_s,
            TASK,
            str(limits[name]),
            limits[name].met(seconds / task_s),
        )
        for name, seconds in added.items()
    ]


def _measure_ledger_s(client: "redis.Redis") -> float:
    """Return the seconds that both records of a task add to its message and its result."""
    message = {"headers": {"id": "", "task": "securenet_obs.workers.tasks.echo_canary"}}
    text = json.dumps(message) + " " * 600
    before = client.register_script(_KEEP.replace(ADD_ENDED, ""))
    after = client.register_script(_KEEP)

    def send(*, recorded: bool) -> None:
        message["headers"]["id"] = str(uuid.uuid4())
        if not recorded:
            client.lpush("sent", text)
            return
        with client.pipeline(transaction=True) as pipe:
            add_sent(pipe, "sent", message)
            pipe.lpush("sent", text)
            pipe.execute()

    def end(script: object) -> None:
        task_id = str(uuid.uuid4())
        arguments = [60, "x" * 200, "ended", task_id, "SUCCESS"]
        script(keys=[f"m-{task_id}", f"o-{task_id}"], args=arguments)  # type: ignore[operator]

    times = interleaved(
        {
            "message": lambda: send(recorded=False),
            "recorded message": lambda: send(recorded=True),
            "result": lambda: end(before),
            "recorded result": lambda: end(after),
        },
        ROUNDS,
    )
    client.flushdb()
    return _added_s(times, "message") + _added_s(times, "result")


def _added_s(times: Times, name: str) -> float:
    pairs = zip(times[f"recorded {name}"], times[name], strict=True)
    return statistics.median(recorded - plain for recorded, plain in pairs)


def _measure_metrics_s() -> float:
    """Return the seconds in which a task is counted and measured."""

    class Request(dict[str, float]):
        eta = None
        is_eager = False

    task = SimpleNamespace(name="task", request=Request(securenet_sent_at=time.time()))

    def count() -> None:
        recording._count_start(task_id="id", task=task)
        recording._count_end(task_id="id", task=task, state="SUCCESS")

    return statistics.median(interleaved({METRICS: count}, ROUNDS)[METRICS])
