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
