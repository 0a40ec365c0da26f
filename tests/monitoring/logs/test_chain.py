"""Completion of events and records to lines."""

from typing import Any

from tests.monitoring.logs.test_setup import BEGIN, REQUIRED


def test_a_timestamp_always_has_microseconds(run: Any) -> None:
    """The format of the timestamp is the same for whole seconds."""
    finished = run(
        BEGIN
        + """
    record = logging.makeLogRecord({"name": "n", "msg": "on the second", "levelno": 20})
    record.created = 1700000000.0
    logging.getLogger("n").handle(record)
    """
    )
    assert finished.line("on the second")["timestamp"] == "2023-11-14T22:13:20.000000Z"


def test_a_failing_chain_loses_one_line(run: Any) -> None:
    """On an internal error the caller continues, and a line with the required fields reports it."""
    finished = run(
        BEGIN
        + """
    import securenet_obs.monitoring.logs.chain as module
    def broken(*_): raise RuntimeError("broken")
    module.json_line = broken
    log.info("lost")
    logging.getLogger("theirs").info("lost too")
    """
    )
    assert finished.code == 0
    assert [line["error"] for line in finished.lines] == ["RuntimeError"] * 2
    assert all(line.keys() >= REQUIRED for line in finished.lines)


def test_mismatched_arguments_do_not_raise(run: Any) -> None:
    """`log.info("%d", "x")` logs a line with the argument, secrets masked."""
    finished = run(
        BEGIN
        + """
    log.info("%d items", "many")
    log.info("password=%d", "hunter2")
    logging.getLogger("theirs").info("password=%d %s", "hunter2")
    """
    )
    assert [line["event"] for line in finished.lines] == [
        "many items",
        "password=[redacted]",
        "password=[redacted] %s",
    ]


def test_a_cause_that_was_never_raised_is_in_the_line(run: Any) -> None:
    """`raise ... from Error()` logs both exceptions."""
    finished = run(
        BEGIN
        + """
    try:
        raise ValueError("outer") from KeyError("never raised")
    except ValueError:
        log.exception("failed")
    """
    )
    outer, cause = finished.line("failed")["exception"]
    assert (outer["exc_type"], cause["exc_type"], cause["is_cause"]) == (
        "ValueError",
        "KeyError",
        True,
    )


def test_no_argument_of_a_call_costs_its_line(run: Any) -> None:
    """Objects whose every method raises, in each place of a call and of a record."""
    finished = run(
        BEGIN
        + """
    class Bad:
        def __str__(self): raise GeneratorExit
        __repr__ = __bool__ = __len__ = __eq__ = __hash__ = __iter__ = __str__
    def record(**fields):
        made = logging.makeLogRecord({"name": "n", "msg": "record", "levelno": 30})
        made.__dict__.update(fields)
        logging.getLogger("n").handle(made)
    for name in ("args", "exc_info", "msg", "stack_info", "levelname", "created", "pathname"):
        record(**{name: Bad()})
    for created in (float("nan"), 1e300, -1.0, None, "now"):
        record(created=created)
    log.error("call", exc_info=Bad(), stack_info=Bad(), value=Bad())
    log.info(Bad(), Bad(), Bad())
    log.info("%s %d", Bad(), Bad())
    log.bind(bound=Bad()).info("call")
    structlog.contextvars.bind_contextvars(context=Bad())
    logging.getLogger("theirs").info("call", extra={"value": Bad()})
    """
    )
    assert (finished.code, finished.stderr) == (0, "")
    events = [line["event"] for line in finished.lines]
    assert events[:12] == ["record", "record", "<Bad without a repr>", *["record"] * 9]
    assert events[12] == events[-1] == events[-2] == "call"
    assert len(events) == 17
