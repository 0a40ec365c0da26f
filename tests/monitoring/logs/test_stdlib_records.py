"""Conversion of the standard library's log records to events."""

import logging
from typing import Any

import pytest

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


OWN = [
    *("event", "exc_info_", "timestamp", "level", "logger", "service", "environment", "release"),
    *("exception", "stack", "sentry_event_id", "sentry_failure", "truncated", "extra_event"),
]


def test_no_field_takes_the_place_of_the_lines_own(run: Any) -> None:
    """Extra fields, bound fields and arguments with the names of the line's own are set aside."""
    finished = run(
        f"""
        import logging, structlog
        from securenet_obs.monitoring import configure_structlog
        configure_structlog()
        own = {OWN!r}
        theirs = logging.getLogger("theirs")
        try:
            raise ValueError("real")
        except ValueError:
            theirs.error("message", extra={{name: "mine" for name in own}}, exc_info=True,
                         stack_info=True)
            log = structlog.get_logger("ours")
            fields = {{name: "mine" for name in own}}
            log.warning("message", exc_info=True, stack_info=True, **fields)
            log.bind(**fields).warning("message", exc_info=True, stack_info=True)
            structlog.contextvars.bind_contextvars(**fields)
            log.warning("message", exc_info=True, stack_info=True)
        """
    )
    assert len(finished.lines) == 4
    for line in finished.lines:
        assert line["event"] == "message"
        assert line["exception"][0]["exc_value"] == "real"
        assert line["stack"].startswith("Stack (most recent call last):")
        assert (line["service"], line["environment"]) == ("securenet", "test")
        assert line["logger"] in ("ours", "theirs")
        assert line["level"] in ("warning", "error")
        assert "truncated" not in line
        assert line["extra_service"] == line["extra_exception"] == line["extra_stack"] == "mine"
    for line in finished.lines[:3]:
        assert line["extra_event"] == line["extra_extra_event"] == "mine"


def test_the_stack_is_that_of_the_call(run: Any) -> None:
    """`stack_info` of either logger, also of an asynchronous call, ends in the calling line."""
    finished = run(
        """
        import asyncio, logging, structlog
        from securenet_obs.monitoring import configure_structlog
        configure_structlog()
        def caller():
            logging.getLogger("theirs").warning("theirs", stack_info=True)
            structlog.get_logger("ours").warning("ours", stack_info=True)
        caller()
        async def asynchronous():
            await structlog.get_logger("ours").awarning("later", stack_info=True)
        asyncio.run(asynchronous())
        structlog.get_logger("ours").warning("none", stack_info=False)
        structlog.get_logger("ours").warning("text", stack_info="given")
        """
    )
    for event, function in (("theirs", "caller"), ("ours", "caller"), ("later", "asynchronous")):
        frames = [text for text in finished.line(event)["stack"].splitlines() if "File" in text]
        assert frames[-1].endswith(f"in {function}")
    assert "stack" not in finished.line("none")
    assert finished.line("text")["stack"] == "given"


@pytest.mark.parametrize("name", ["event", "exc_info", "stack_info", 7, ("a",)])
def test_a_record_may_have_any_attribute(name: Any) -> None:
    """A record that was made from a dict has its message, whatever its attributes are."""
    made = logging.makeLogRecord({"msg": "message", "name": "any"})
    made.__dict__[name] = made.__dict__.get(name)
    event = record_event(made)
    assert event is not None
    assert event["event"] == "message"
