import math

import pandas as pd
from celery import Celery

from securenet_obs.monitoring.task_telemetry import TENANT_HEADER as SENT_HEADER
from securenet_obs.probes.celery.round_trips import (
    TENANT_HEADER,
    RoundTrip,
    compute_latency_percentiles,
    count_tasks_by_worker,
    for_tenant,
    route,
)


def test_percentiles_ignore_unfinished_tasks() -> None:
    """Unfinished tasks have no latency and are not counted."""
    trips = pd.DataFrame({"latency_s": [*range(1, 101), math.nan]})
    percentiles = compute_latency_percentiles(trips)
    assert list(percentiles.index) == ["p50", "p95", "p99"]
    assert percentiles["p50"] == 50.5
    assert percentiles["p95"] < percentiles["p99"] < 100


def test_percentiles_without_finished_tasks_are_nan() -> None:
    """Without a finished task there are no latencies."""
    assert compute_latency_percentiles(pd.DataFrame({"latency_s": [None, None]})).isna().all()


def test_tasks_are_counted_by_worker() -> None:
    """Only results identify the workers; a task without a result identifies none."""
    results = [{"queue": "a", "hostname": "w1"}, {"queue": "a", "hostname": "w1"}, None, {"n": 1}]
    workers = count_tasks_by_worker(pd.DataFrame({"result": results}))
    assert workers.to_dict("records") == [{"queue": "a", "hostname": "w1", "tasks": 2}]
    assert count_tasks_by_worker(pd.DataFrame({"result": [None]})).empty


def test_route_is_the_signatures_or_the_applications() -> None:
    """A queue in the signature takes precedence over the routes of its application."""
    app = Celery(set_as_current=False)
    app.conf.update(task_routes={"a.scan": {"queue": "scans"}}, task_default_queue="default")
    assert route(app.signature("a.scan")) == "scans"
    assert route(app.signature("a.scan").set(queue="canary")) == "canary"
    assert route(app.signature("a.other")) == "default"


def test_intermediate_states_do_not_end_the_wait() -> None:
    """STARTED and RETRY are applied and the wait goes on; a failure keeps its own error."""
    trip = RoundTrip(Celery(set_as_current=False).signature("a.scan"))
    for state in ("STARTED", "RETRY"):
        trip.apply({"status": state, "result": None})
        assert not trip.is_done
    trip.apply({"status": "FAILURE", "result": {"exc_type": "E", "exc_message": ["no", "such"]}})
    assert trip.is_done
    assert trip.row()[-1] == "E: no such"


def test_probes_and_workers_name_the_same_tenant_header() -> None:
    """Probes share no code with the workers, so both state the name."""
    assert TENANT_HEADER == SENT_HEADER


def test_a_task_for_a_tenant_keeps_its_other_options() -> None:
    """Only the header is added, and only to the copy."""
    app = Celery(set_as_current=False)
    plain = app.signature("a.scan", options={"queue": "scans", "headers": {"other": "1"}})
    sent = for_tenant(plain, "acme")
    assert sent.options == {"queue": "scans", "headers": {"other": "1", TENANT_HEADER: "acme"}}
    assert plain.options["headers"] == {"other": "1"}
