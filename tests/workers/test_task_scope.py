"""Events of tasks without the SDK's own integration."""

from typing import Any

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def event_of(target: Any, task: str, **options: Any) -> Any:
    """Send a task that fails, and return its event."""
    sent = target.send(task, **options)
    return target.sentry.wait_for_event(lambda event: event["tags"].get("task_id") == sent.id)


def test_an_event_has_its_task_and_the_senders_trace(untraced: Any) -> None:
    """It has the task's name, and the trace of the request that sent it."""
    trace = {"headers": {"sentry-trace": f"{TRACE}-{SPAN}-1"}}
    event = event_of(untraced, "tested.marks_and_fails", headers=trace)
    assert event["transaction"] == "tested.marks_and_fails"
    assert event["transaction_info"] == {"source": "task"}
    trace = event["contexts"]["trace"]
    assert (trace["trace_id"], trace["parent_span_id"]) == (TRACE, SPAN)
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False


def test_tasks_do_not_share_event_data(untraced: Any) -> None:
    """The next task's event has no tag, breadcrumb or trace of the task before."""
    first, second = (event_of(untraced, "tested.marks_and_fails") for _ in range(2))
    assert first["tags"]["number"] != second["tags"]["number"]
    messages = [breadcrumb["message"] for breadcrumb in second["breadcrumbs"]["values"]]
    assert f"number {second['tags']['number']}" in messages
    assert f"number {first['tags']['number']}" not in messages
    assert first["contexts"]["trace"]["trace_id"] != second["contexts"]["trace"]["trace_id"]


def test_every_overrun_of_a_task_is_one_issue(untraced: Any) -> None:
    """The fingerprint does not depend on the line that the soft limit interrupted."""
    event = event_of(untraced, "tested.overruns")
    assert event["fingerprint"] == ["celery", "SoftTimeLimitExceeded", "tested.overruns"]


def test_a_retry_is_not_an_error_event(untraced: Any) -> None:
    """A retry is logged; only the final failure is an event."""
    retried = untraced.send("tested.retried")
    assert retried.get(timeout=60) == 2
    event_of(untraced, "tested.marks_and_fails")
    task_ids = {event["tags"].get("task_id") for event in untraced.sentry.events}
    assert retried.id not in task_ids
