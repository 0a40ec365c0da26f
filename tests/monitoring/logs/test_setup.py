"""Log lines of a whole process."""

import re
from typing import Any

import pytest

BEGIN = """
    import logging, sys, threading, warnings
    import structlog
    from securenet_obs.monitoring import configure_structlog
    configure_structlog()
    log = structlog.get_logger("our.logger")
"""
REQUIRED = {"timestamp", "level", "logger", "event", "service", "environment", "release"}


def test_every_logger_writes_the_same_kind_of_line(run: Any) -> None:
    """Lines of our loggers, of the standard library's and of warnings have the required fields."""
    finished = run(
        BEGIN
        + """
    log.info("ours", size=3)
    logging.getLogger("theirs").warning("about %s", "this", extra={"size": 4})
    logging.getLogger("sqlalchemy.engine").error("sql")
    warnings.warn("careful")
    """,
        SERVICE_NAME="svc",
        SENTRY_RELEASE="r@1",
    )
    assert finished.stderr == ""
    assert len(finished.lines) == 4
    for line in finished.lines:
        assert line.keys() >= REQUIRED
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["timestamp"])
        assert (line["service"], line["environment"], line["release"]) == ("svc", "test", "r@1")
    assert finished.line("ours")["size"] == 3
    assert finished.line("about this")["size"] == 4
    assert [line["level"] for line in finished.lines] == ["info", "warning", "error", "warning"]


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


def test_an_exception_has_frames_without_locals(run: Any) -> None:
    """Neither kind of logger writes a plain traceback or a local variable."""
    finished = run(
        BEGIN
        + """
    def fail():
        password_in_a_local = "hunter2"
        try:
            {}["cause"]
        except KeyError as error:
            raise ValueError("bad") from error
    try:
        fail()
    except ValueError:
        log.exception("ours")
        logging.getLogger("theirs").exception("theirs")
    """
    )
    assert finished.stderr == ""
    assert "hunter2" not in finished.stdout
    for event in ("ours", "theirs"):
        first, cause = finished.line(event)["exception"]
        assert (first["exc_type"], first["exc_value"]) == ("ValueError", "bad")
        assert first["frames"][-1]["name"] == "fail"
        assert "locals" not in first["frames"][-1]
        assert cause["exc_type"] == "KeyError"


def test_uncaught_exceptions_are_logged(run: Any) -> None:
    """Uncaught in a thread, a destructor or the main thread: a JSON line each, and exit code 1."""
    finished = run(
        BEGIN
        + """
    class Late:
        def __del__(self): raise RuntimeError("in a destructor")
    def fail(): raise RuntimeError("in a thread")
    thread = threading.Thread(target=fail); thread.start(); thread.join()
    late = Late(); del late
    raise RuntimeError("in the end")
    """
    )
    assert finished.code == 1
    assert finished.stderr == ""
    for event in ("uncaught_exception_in_thread", "unraisable_exception", "uncaught_exception"):
        assert finished.line(event)["exception"][0]["exc_type"] == "RuntimeError"


def test_prints_of_a_service_are_log_lines(run: Any) -> None:
    """Printed text of a service is a JSON line, too."""
    finished = run(
        BEGIN
        + """
    configure_structlog(prints=True)
    print("plain", "text")
    print("to stderr", file=sys.stderr)
    """
    )
    assert finished.stderr == ""
    assert finished.line("plain text")["logger"] == "stdout"
    assert finished.line("to stderr")["level"] == "warning"


def test_hostile_values_neither_break_a_line_nor_raise(run: Any) -> None:
    """NaN, surrogates, huge integers, odd keys, cycles and a raising repr result in valid lines."""
    finished = run(
        BEGIN
        + """
    class Bad:
        def __repr__(self): raise RuntimeError("no")
        __str__ = __repr__
    loop = {}; loop["loop"] = loop
    values = [float("nan"), chr(0xd800), 2**80, {1: 2, None: 3}, loop, Bad(), b"\\xff"]
    for number, value in enumerate(values):
        log.info("value", number=number, value=value)
        logging.getLogger("theirs").info("theirs", extra={"value": value})
        logging.getLogger("theirs").info("with %d", value)
    log.info(Bad())
    log.info({"a": "b"})
    log.info("e", level=5, timestamp=Bad(), logger=None, request_id=7)
    """
    )
    assert finished.code == 0, finished.stderr
    assert finished.stderr == ""
    assert len([line for line in finished.lines if line["event"] == "value"]) == 7
    for line in finished.lines:
        assert all(isinstance(line[name], str) for name in REQUIRED)
    assert finished.line("e")["level"] == "info"
    assert finished.line("e")["extra_level"] == 5


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_the_level_filters_all_loggers(run: Any, level: str) -> None:
    """LOG_LEVEL is the least severe level that any logger writes."""
    finished = run(
        BEGIN
        + """
    for logger in (log, logging.getLogger("theirs")):
        logger.debug("debug"); logger.info("info"); logger.error("error")
    """,
        LOG_LEVEL=level,
    )
    expected = ["info", "error"] * 2 if level == "INFO" else ["error"] * 2
    assert [line["event"] for line in finished.lines] == expected


def test_secrets_are_masked_in_every_field(run: Any) -> None:
    """A secret is masked by key, in text, in an extra field and in an exception's text."""
    finished = run(
        BEGIN
        + """
    url = "redis://user:hunter2@host/0"
    log.info("connect to " + url, password="hunter2", nested=[{"api_key": "hunter2"}])
    logging.getLogger("theirs").info("to %s", url, extra={"token": "hunter2"})
    try:
        raise ValueError(url)
    except ValueError:
        log.exception("failed")
    """
    )
    assert len(finished.lines) == 3
    assert "hunter2" not in finished.stdout


def test_a_closed_pipe_only_loses_lines(run: Any) -> None:
    """Business code continues after the reader of its log has gone."""
    finished = run(
        BEGIN
        + """
    import os
    from securenet_obs.monitoring.logs.output.line_output import LineOutput
    reading, writing = os.pipe()
    output = LineOutput(writing)
    configure_structlog(output=output)
    os.close(reading)
    log.info("into the void")
    logging.getLogger("theirs").info("this too")
    assert output.lost == 2
    """
    )
    assert (finished.code, finished.stdout, finished.stderr) == (0, "", "")


def test_a_child_forked_during_a_write_can_log(run: Any) -> None:
    """A fork while another thread holds the lock does not block the child."""
    finished = run(
        BEGIN
        + """
    import os
    from securenet_obs.monitoring.logs.output.line_output import LineOutput
    output = LineOutput()
    configure_structlog(output=output)
    output._sink.lock.acquire()
    if os.fork() == 0:
        log.info("child")
        os._exit(0)
    os.wait()
    """
    )
    assert finished.line("child")["level"] == "info"


def test_the_console_format_is_text(run: Any) -> None:
    """LOG_FORMAT=console writes text lines, also with secrets masked."""
    finished = run(BEGIN + '    log.info("hello", password="hunter2", n=1)\n', LOG_FORMAT="console")
    assert "hello" in finished.stdout
    assert "n=1" in finished.stdout
    assert "{" not in finished.stdout
    assert "hunter2" not in finished.stdout


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


def test_a_warning_has_its_source_in_fields(run: Any) -> None:
    """The event is the warning's text; category and source are fields."""
    finished = run(BEGIN + '\n    warnings.warn("careful", DeprecationWarning)\n')
    line = finished.line("careful")
    assert (line["logger"], line["category"]) == ("py.warnings", "DeprecationWarning")
    assert line["lineno"] > 0


def test_no_logger_writes_below_the_level(run: Any) -> None:
    """A library that lowers its own level does not write below ours."""
    finished = run(
        BEGIN
        + """
    chatty = logging.getLogger("chatty")
    chatty.setLevel(logging.DEBUG)
    chatty.debug("detail")
    chatty.info("logged")
    """
    )
    assert [line["event"] for line in finished.lines] == ["logged"]


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
