import math
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from celery import Celery

from securenet_obs.errors import NotFoundError, UnreachableError
from securenet_obs.probes.celery.tasks import UNREGISTERED_TASK, PickleOutcome, TaskProbe
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.schedule import RecordingScheduler
from tests.busy import room_for


@pytest.fixture
def probe(broker: Settings) -> TaskProbe:
    """Return a probe of the empty broker."""
    return TaskProbe(broker)


def test_round_trips_have_results_and_latencies(
    probe: TaskProbe, celery_app: Celery, worker: None
) -> None:
    """Each task is a row with result and latency, in the order of sending."""
    echo = celery_app.tasks["probed.echo"]
    trips = probe.run_round_trips([echo.s(str(number)) for number in range(20)], 10)
    assert list(trips["state"]) == ["SUCCESS"] * 20
    assert [result["canary"] for result in trips["result"]] == [str(n) for n in range(20)]
    assert trips["latency_s"].between(0.0001, 10).all()
    assert str(trips["submitted_at"].dtype).endswith("UTC]")
    assert set(trips["queue"]) == {"default"}
    assert set(trips["error"]) == {""}


def test_failing_task_has_its_own_error(probe: TaskProbe, celery_app: Celery, worker: None) -> None:
    """A failing task is done, and has a latency and its own error."""
    (trip,) = probe.run_round_trips([celery_app.tasks["probed.fail"].s()], 10).to_dict("records")
    assert (trip["state"], trip["result"]) == ("FAILURE", None)
    assert trip["error"] == "LookupError: canary not found"
    assert trip["latency_s"] < 10


def test_tasks_without_a_worker_are_pending(probe: TaskProbe) -> None:
    """Without a worker the wait ends at the deadline, and the state is PENDING."""
    began = time.monotonic()
    trips = probe.run_round_trips([probe.signature("probed.echo", "x", queue="unconsumed")], 0.5)
    assert 0.4 < time.monotonic() - began < room_for(1.5)
    assert list(trips["state"]) == ["PENDING"]
    assert trips["latency_s"].isna().all()
    assert probe.queue_depths(["unconsumed"]) == {"unconsumed": 1}


def test_expired_canary_is_not_executed(
    probe: TaskProbe, celery_app: Celery, request: pytest.FixtureRequest
) -> None:
    """A task expires at the deadline of its probe; a later worker revokes it."""
    left = probe.run_round_trips([probe.signature("probed.echo", "x", queue="default")], 0.3)
    request.getfixturevalue("worker")
    probe.run_round_trips([celery_app.tasks["probed.echo"].s("next")], 10)
    assert celery_app.AsyncResult(left["task_id"][0]).state == "REVOKED"


def test_no_tasks_give_an_empty_table(probe: TaskProbe) -> None:
    """Without tasks the table is returned at once, with its columns."""
    trips = probe.run_round_trips([], 5)
    assert trips.empty
    assert "latency_s" in trips


def test_disabled_results_leave_tasks_pending(
    probe: TaskProbe, celery_app: Celery, worker: None
) -> None:
    """A worker that stores no results leaves the tasks pending."""
    ignored = celery_app.tasks["probed.echo"].s("x").set(ignore_result=True)
    trips = probe.run_round_trips([ignored], 0.5)
    assert list(trips["state"]) == ["PENDING"]


def test_unregistered_task_is_reported(probe: TaskProbe, worker: None) -> None:
    """The worker reports an unknown task as NotRegistered."""
    (trip,) = probe.run_unregistered_task("default", 10).to_dict("records")
    assert (trip["state"], trip["error"]) == ("FAILURE", f"NotRegistered: {UNREGISTERED_TASK}")


def test_refused_pickle_is_detected(probe: TaskProbe, celery_app: Celery, worker: None) -> None:
    """A worker that accepts only JSON drops a pickled task: not run, queued or in flight."""
    outcome = probe.send_pickled_task(celery_app.tasks["probed.echo"].s("x"), 10)
    assert (outcome.refused, outcome.state, outcome.is_queued) == (True, "PENDING", False)
    assert outcome.outcome == "refused"


def test_accepted_pickle_is_detected(
    probe: TaskProbe, celery_app: Celery, request: pytest.FixtureRequest
) -> None:
    """A worker that accepts pickles runs the task, and the probe reports it."""
    celery_app.conf.accept_content = ["json", "pickle"]
    request.getfixturevalue("worker")
    outcome = probe.send_pickled_task(celery_app.tasks["probed.echo"].s("x"), 10)
    assert (outcome.refused, outcome.outcome) == (False, "executed: SUCCESS")


def test_queued_pickle_is_not_refused(probe: TaskProbe, celery_app: Celery) -> None:
    """Without a worker a pickled task stays queued and is not reported as refused."""
    outcome = probe.send_pickled_task(celery_app.tasks["probed.echo"].s("x"), 0.3)
    assert (outcome.refused, outcome.outcome) == (False, "queued")
    assert PickleOutcome(False, "PENDING", is_queued=False).outcome == "in flight"


def test_consumers_are_listed_for_each_queue(
    probe: TaskProbe, celery_app: Celery, worker: None
) -> None:
    """A queue lists its workers; a queue without a consumer lists none."""
    celery_app.send_task("probed.echo", ["x"], queue="unconsumed")
    consumers = probe.consumers()
    assert len(consumers["default"]) == 1
    assert consumers["unconsumed"] == []


def test_last_tick_of_beat_has_an_age(probe: TaskProbe, broker: Settings, tmp_path: Path) -> None:
    """A recorded tick has time and age; a missing tick raises NotFoundError."""
    with pytest.raises(NotFoundError, match="Beat has recorded no tick"):
        probe.beat_tick()
    app = create_celery(broker)
    app.conf.beat_schedule = {"not due": {"task": "probed.echo", "schedule": 1e6}}
    RecordingScheduler(app=app, schedule_filename=str(tmp_path / "schedule")).tick()
    time.sleep(0.3)
    tick = probe.beat_tick()
    assert 0.3 <= tick.age_s < 60
    assert abs((datetime.now(UTC) - tick.at).total_seconds() - tick.age_s) < 10


def test_ttl_of_results_is_read(
    probe: TaskProbe, broker: Settings, celery_app: Celery, worker: None
) -> None:
    """The result is seconds, infinity without expiry, or NotFoundError without a result."""
    (task_id,) = probe.run_round_trips([celery_app.tasks["probed.echo"].s("x")], 10)["task_id"]
    assert 50 < probe.result_ttl(task_id) <= 60
    redis.Redis.from_url(broker.results.get_secret_value()).persist(f"celery-task-meta-{task_id}")
    assert probe.result_ttl(task_id) == math.inf
    with pytest.raises(NotFoundError, match="has no result"):
        probe.result_ttl("gone")


def test_unavailable_redis_is_unreachable_within_seconds() -> None:
    """No probe waits for Celery's retries."""
    probe = TaskProbe(Settings(redis_url="redis://127.0.0.1:1/0"))
    signature = probe.signature("probed.echo", "x", queue="default")
    began = time.monotonic()
    for look in (
        lambda: probe.run_round_trips([signature], 30),
        lambda: probe.send_pickled_task(signature, 30),
        probe.consumers,
        probe.beat_tick,
        probe.beat_entries,
    ):
        with pytest.raises(UnreachableError):
            look()
    assert time.monotonic() - began < room_for(5)


def test_running_stack_is_observed(target: Settings) -> None:
    """The stack's worker and beat are found: consumers, a tick, an executed canary."""
    probe = TaskProbe(target)
    name = "securenet_obs.workers.tasks.echo_canary"
    trips = probe.run_round_trips([probe.signature(name, "c1", queue="canary")], 20)
    assert trips["result"][0]["canary"] == "c1"
    assert all(probe.consumers(["default", "scans", "models", "logs", "canary"]).values())
    assert probe.beat_tick().age_s < 60
    entries = probe.beat_entries()
    assert entries.index.name == "entry"
    assert {"vulnerability-scan", "ml-model-retrain"} <= set(entries.index)
    assert (entries["next"] > entries["last"]).all()
