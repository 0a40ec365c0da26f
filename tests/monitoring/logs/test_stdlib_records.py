"""Records of loggers that are not ours."""

import logging
from typing import Any

from securenet_obs.monitoring.correlation import begin, end
from securenet_obs.monitoring.logs.stdlib_records import foreign_event


def record(name: str, message: object, *arguments: object, **extra: Any) -> logging.LogRecord:
    """Return a record as a logger makes it."""
    logger = logging.getLogger(name)
    return logger.makeRecord(name, 20, "f.py", 1, message, arguments, None, extra=extra)


ACCESS = ("10.0.0.1:5", "GET", "/v1/x?token=hunter2", "1.1", 200)


def test_an_access_record_has_fields_and_no_query() -> None:
    """Outside of a request of ours uvicorn's own line is kept, without the query string."""
    event = foreign_event(record("uvicorn.access", '%s - "%s %s HTTP/%s" %d', *ACCESS))
    assert event == {
        "event": "http_access",
        "client": "10.0.0.1:5",
        "method": "GET",
        "path": "/v1/x",
        "status": 200,
    }
    strange = foreign_event(record("uvicorn.access", "GET /x?token=hunter2"))
    assert "hunter2" not in str(strange)


def test_an_access_record_within_a_request_is_left_out() -> None:
    """`request_finished` tells the same and more."""
    begin(request_id="req-00000001")
    assert foreign_event(record("uvicorn.access", "%s %s %s %s %d", *ACCESS)) is None
    end()


def test_celery_does_not_tell_arguments_and_values() -> None:
    """The task's data of a received line is its id and name; success lines are left out."""
    data = {"id": "t-1", "name": "a.task", "args": "('hunter2',)", "return_value": "hunter2"}
    received = foreign_event(record("celery.worker.strategy", "Task received", data=data))
    assert received is not None
    assert (received["task_id"], received["task"]) == ("t-1", "a.task")
    assert "hunter2" not in str(received)
    assert foreign_event(record("celery.app.trace", "Task succeeded: hunter2", data=data)) is None


def test_arguments_that_do_not_fit_are_survived() -> None:
    """A wrong format string costs neither the line nor what was given."""
    event = foreign_event(record("any", "%d items", "many"))
    assert event is not None
    assert event["event"] == "many items"


def test_a_captured_warning_has_its_place_in_fields() -> None:
    """Celery has warnings logged as text; the sentence alone is the event."""
    text = "/srv/tasks.py:163: UserWarning: deprecated:\nuse another\n  call(it)\n"
    assert foreign_event(record("py.warnings", "%s", text)) == {
        "event": "deprecated: use another",
        "category": "UserWarning",
        "filename": "/srv/tasks.py",
        "lineno": 163,
    }
    assert foreign_event(record("py.warnings", "odd")) == {"event": "odd"}
