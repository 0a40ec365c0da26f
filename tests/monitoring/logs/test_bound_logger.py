"""Methods of the bound logger."""

import asyncio
import logging
import tempfile
from typing import IO, Any

import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import LogCapture

from securenet_obs.monitoring.logs.bound_logger import bound_logger
from securenet_obs.monitoring.logs.chain import Chain, Line
from securenet_obs.monitoring.logs.output.line_output import LineOutput
from securenet_obs.monitoring.logs.setup import ForeignHandler
from securenet_obs.settings import Settings
from tests.monitoring.logs.test_json_line import LEAVES, TEXT, VALUES, strict
from tests.searching import examples


def captured(level: int = logging.INFO) -> tuple[Any, list[Any]]:
    """Return a bound logger and the list of calls that reach the chain."""
    capture = LogCapture()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(), processors=[capture], wrapper_class=bound_logger(level)
    )
    return logger, capture.entries


def test_a_field_may_have_any_name() -> None:
    """Names of parameters, such as `event` and `self`, are valid field names."""
    log, entries = captured()
    log.info("e", event="x", self=1, method_name="GET", level="y")
    assert entries[0]["event"] == "e"
    assert entries[0]["extra_event"] == "x"
    assert (entries[0]["self"], entries[0]["method_name"]) == (1, "GET")


def test_mismatched_arguments_are_logged() -> None:
    """A wrong format does not raise, and the message contains the arguments."""
    log, entries = captured()
    log.info("%d items", "many")
    log.error("%s of %s", "one")
    log.warning("%(a)s", {"a": 1})
    assert [entry["event"] for entry in entries] == ["many items", "one of %s", "1"]


@pytest.mark.parametrize(
    ("call", "level"),
    [
        ("info", "info"),
        ("msg", "info"),
        ("warn", "warning"),
        ("fatal", "critical"),
        ("exception", "error"),
    ],
)
def test_every_method_has_a_level(call: str, level: str) -> None:
    """Synonyms such as `warn` have the level of the method that they stand for."""
    log, entries = captured()
    getattr(log, call)("e")
    assert [entry["log_level"] for entry in entries] == [level]


def test_calls_below_the_level_are_ignored() -> None:
    """Methods, synonyms and numeric levels below the level do nothing with any arguments."""
    log, entries = captured(logging.ERROR)
    log.debug("%d", "x", event=1, self=2)
    log.warn("e")
    log.log(25, "e")
    log.log(45, "between", a=1)
    assert [(entry["event"], entry["log_level"]) for entry in entries] == [("between", "error")]


def test_async_methods_log_the_same_event() -> None:
    """`await log.ainfo()` logs a line, too."""
    log, entries = captured()
    asyncio.run(log.ainfo("e", a=1))
    assert (entries[0]["event"], entries[0]["a"]) == ("e", 1)


def both_entrances(file: IO[bytes]) -> tuple[Any, logging.Handler]:
    """Return a bound logger and a standard library handler that write to the same file."""
    chain, output = Chain(Settings()), LineOutput(file.fileno())
    ours = structlog.wrap_logger(
        Line(output, "ours"), processors=[chain.native], wrapper_class=bound_logger(0)
    )
    return ours, ForeignHandler(chain, output)


FIELDS = st.dictionaries(TEXT, VALUES, max_size=2)


@examples(40)
@given(LEAVES, st.lists(LEAVES, max_size=2), FIELDS)
def test_any_call_of_any_logger_is_one_strict_line(
    event: Any, arguments: list[Any], fields: dict[str, Any]
) -> None:
    """Any call of either logger writes one strict JSON line and does not raise."""
    with tempfile.TemporaryFile() as file:
        ours, theirs = both_entrances(file)
        ours.info(event, *arguments, **fields)
        ours.error("e", exc_info=ValueError(event), value=fields)
        record = {"name": "theirs", **fields, "msg": event, "args": tuple(arguments)}
        theirs.handle(logging.makeLogRecord(record))
        file.seek(0)
        lines = [strict(line) for line in file]
    assert len(lines) == 3
    assert all(isinstance(line["event"], str) for line in lines)
    assert orjson.dumps(lines)


@pytest.mark.parametrize(
    ("level", "expected"),
    [("ERROR", "error"), ("warn", "warning"), ("fatal", "critical"), ("odd", "warning"),
     (None, "warning"), (float("nan"), "warning"), (True, "debug"), (25, "info"),
     (2**80, "critical")],
)  # fmt: skip
def test_a_call_at_any_level_is_logged(level: Any, expected: str) -> None:
    """A level is a number or a name; no other value raises."""
    log, entries = captured(logging.DEBUG)
    log.log(level, "e")
    assert [(entry["event"], entry["log_level"]) for entry in entries] == [("e", expected)]


def test_a_bound_field_may_have_any_name() -> None:
    """Also that of a parameter of `bind`."""
    log, entries = captured()
    log.bind().bind(self=1, event="x").info("e")
    assert (entries[0]["event"], entries[0]["self"], entries[0]["extra_event"]) == ("e", 1, "x")


def test_a_call_at_the_recursion_limit_does_not_raise(run: Any) -> None:
    """Its line is lost and counted; no more calls raise than of an empty function."""
    finished = run(
        """
        import structlog, sys
        from securenet_obs.monitoring import configure_structlog
        configure_structlog()
        log = structlog.get_logger("deep").bind()
        def nothing(event): pass
        def raised_in(call, depth=0):
            found = 0
            try:
                call("deep")
            except RecursionError:
                found = 1
            try:
                return found + raised_in(call, depth + 1)
            except RecursionError:
                return found
        log.info("first")
        assert max(raised_in(log.info), raised_in(log.error)) <= raised_in(nothing) == 1
        log.info("last")
        """
    )
    assert (finished.code, finished.stderr) == (0, "")
    assert finished.lines[-1]["event"] == "last"
    assert sum(line.get("count", 0) for line in finished.lines) > 5


def test_a_first_call_at_the_recursion_limit_spoils_no_later_line(run: Any) -> None:
    """The start of a line, which later lines of the logger share, is whole or is not kept."""
    finished = run(
        """
        import structlog
        from securenet_obs.monitoring import configure_structlog
        configure_structlog()
        loggers = []
        def descend(depth=0):
            log = structlog.get_logger(f"deep-{depth}").bind()
            loggers.append(log)
            try:
                log.error("deep")
            except RecursionError:
                pass
            descend(depth + 1)
        try:
            descend()
        except RecursionError:
            pass
        for log in loggers:
            log.error("later")
        """
    )
    assert (finished.code, finished.stderr) == (0, "")
    later = [line for line in finished.lines if line["event"] == "later"]
    assert [line["logger"] for line in later] == [f"deep-{number}" for number in range(len(later))]
    assert len(later) > 500
    assert len({(line["service"], line["environment"], line["release"]) for line in later}) == 1


def test_a_logger_may_have_any_name(run: Any) -> None:
    """A name that is not a text, and raises, costs no line."""
    finished = run(
        """
        import structlog
        from securenet_obs.monitoring import configure_structlog
        configure_structlog()
        class Bad:
            def __str__(self): raise ValueError
            __repr__ = __str__
        structlog.get_logger(Bad()).info("e")
        """
    )
    assert finished.line("e")["logger"] == "<Bad without a repr>"
