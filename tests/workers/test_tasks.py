"""Tasks on a real worker."""

import time
from typing import Any

import pytest

RECORDS = [
    {"timestamp": "2026-01-01T00:00:05Z", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2", "bytes": 7},
    {"timestamp": "not a time", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"},
]


@pytest.mark.parametrize("queue", ["default", "scans", "models", "logs", "canary"])
def test_a_canary_comes_back_from_every_queue(target: Any, queue: str) -> None:
    """Each queue is consumed, and the answer says who executed it."""
    answer = target.send("echo_canary", f"for {queue}", queue=queue).get(timeout=10)
    assert answer["canary"] == f"for {queue}"
    assert answer["queue"] == queue
    assert answer["hostname"].startswith("tested@")
    assert answer["pid"] > 0


def test_a_scan_finds_what_the_advisories_name(target: Any) -> None:
    """A newcomer's example inventory holds three known vulnerabilities."""
    answer = target.send("run_vulnerability_scan", "newcomer", queue="scans").get(timeout=10)
    assert answer["packages"] == 5
    assert {found["package"] for found in answer["findings"]} == {"Werkzeug", "requests"}


def test_a_batch_is_counted_for_its_tenant(target: Any) -> None:
    """The tenant comes from the headers; a bad record is counted with its reason."""
    sent = target.send(
        "process_network_logs", RECORDS, queue="logs", headers={"securenet_tenant_id": "acme"}
    )
    answer = sent.get(timeout=10)
    assert (answer["tenant_id"], answer["accepted"], answer["minutes"]) == ("acme", 1, 1)
    assert answer["rejected"] == {"unreadable timestamp": 1}
    assert answer["counted"] is True


def test_a_redelivered_batch_is_counted_once(target: Any) -> None:
    """The same task delivered again, as after a lost worker, adds nothing."""
    for counted in (True, False):
        sent = target.send("process_network_logs", RECORDS, queue="logs", task_id="delivered-twice")
        assert sent.get(timeout=10)["counted"] is counted
        sent.forget()


def test_a_model_without_data_says_so(target: Any) -> None:
    """Too few minutes are an answer, not a failure."""
    answer = target.send("retrain_anomaly_model", "empty-tenant", queue="models").get(timeout=20)
    assert answer["trained"] is False
    assert answer["minutes"] == 0


def test_beat_dispatches_one_task_for_each_tenant(target: Any) -> None:
    """A dispatcher sends as many tasks as there are tenants, each expiring and with its tenant."""
    target.send("retrain_anomaly_model", "somebody", queue="models").get(timeout=10)
    sent = target.send("dispatch_vulnerability_scans", queue="default")
    assert sent.get(timeout=10) >= 1
    scheduled = target.celery.control.inspect(timeout=2).scheduled()
    (requests,) = [[entry["request"] for entry in entries] for entries in scheduled.values()]
    assert {request["name"].rpartition(".")[2] for request in requests} == {
        "run_vulnerability_scan"
    }


def test_a_diagnostic_task_fails_with_its_own_error(target: Any) -> None:
    """The result carries the error itself, and an event that tells of it reaches Sentry."""
    sent = target.send(
        "raise_diagnostic_error", "canary-7", "hunter2hunter2", "acme", queue="default"
    )
    with pytest.raises(Exception, match="canary-7") as raised:
        sent.get(timeout=10)
    assert type(raised.value).__name__ == "DiagnosticError"
    event = target.sentry.event(lambda event: "canary-7" in str(event.get("exception")))
    assert event["tags"].items() >= {"tenant_id": "acme", "task_id": sent.id}.items()


def test_what_is_not_json_is_refused(target: Any) -> None:
    """A pickled message is never unpickled; the worker goes on."""
    sent = target.send("echo_canary", "pickled", queue="canary", serializer="pickle")
    with pytest.raises(TimeoutError):
        sent.get(timeout=1)
    assert target.send("echo_canary", "after", queue="canary").get(timeout=10)["canary"] == "after"


def test_an_unregistered_task_is_reported(target: Any) -> None:
    """A name that no worker knows is an error line, and costs the worker nothing."""
    target.celery.send_task("securenet_obs.workers.tasks.no_such_task", queue="default")
    ends = time.monotonic() + 10
    while not any("no_such_task" in line["event"] for line in target.lines()):
        assert time.monotonic() < ends
        time.sleep(0.05)
