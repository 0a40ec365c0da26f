"""Conversion of the standard library's log records to events."""

import logging
from typing import Any

from securenet_obs.monitoring.correlation import bind_ids, clear_ids
from securenet_obs.monitoring.logs.stdlib_records import record_event


def record(name: str, message: object, *arguments: object, **extra: Any) -> logging.LogRecord:
    """Return a log record."""
    logger = logging.getLogger(name)
    return logger.makeRecord(name, 20, "f.py", 1, message, arguments, None, extra=extra)


ACCESS = ("10.0.0.1:5", "GET", "/v1/x?token=hunter2", "1.1", 200)


def test_an_access_record_has_fields_and_no_query() -> None:
    """Outside a request of ours, uvicorn's access line is kept, without the query string."""
    event = record_event(record("uvicorn.access", '%s - "%s %s HTTP/%s" %d', *ACCESS))
    assert event == {
        "event": "http_access",
        "client": "10.0.0.1:5",
        "method": "GET",
        "path": "/v1/x",
        "status": 200,
    }
    strange = record_event(record("uvicorn.access", "GET /x?token=hunter2"))
    assert "hunter2" not in str(strange)


def test_an_access_record_within_a_request_is_left_out() -> None:
    """`request_finished` contains the same fields and more."""
    bind_ids(request_id="req-00000001")
    assert record_event(record("uvicorn.access", "%s %s %s %s %d", *ACCESS)) is None
    clear_ids()


def test_celery_lines_have_no_arguments_or_results() -> None:
    """A received line has only the task's id and name; success lines are left out."""
    data = {"id": "t-1", "name": "a.task", "args": "('hunter2',)", "return_value": "hunter2"}
    received = record_event(record("celery.worker.strategy", "Task received", data=data))
    assert received is not None
    assert (received["task_id"], received["task"]) == ("t-1", "a.task")
    assert "hunter2" not in str(received)
    assert record_event(record("celery.app.trace", "Task succeeded: hunter2", data=data)) is None


def test_mismatched_arguments_are_kept() -> None:
    """A wrong format string loses neither the line nor its arguments."""
    event = record_event(record("any", "%d items", "many"))
    assert event is not None
    assert event["event"] == "many items"


def test_a_captured_warning_has_its_source_in_fields() -> None:
    """The event of a warning that Celery logs as text is the warning's message alone."""
    text = "/srv/tasks.py:163: UserWarning: deprecated:\nuse another\n  call(it)\n"
    assert record_event(record("py.warnings", "%s", text)) == {
        "event": "deprecated: use another",
        "category": "UserWarning",
        "filename": "/srv/tasks.py",
        "lineno": 163,
    }
    assert record_event(record("py.warnings", "odd")) == {"event": "odd"}
