"""Log records of the standard library from any arguments, and records with any name and level."""

import logging
from typing import Any

import pytest

from securenet_obs.monitoring.logs.records import AnyLevel, install_record_factory, repair

BEGIN = """
    import logging, weakref
    from securenet_obs.monitoring import start_monitoring
    from securenet_obs.settings import get_settings
    start_monitoring(get_settings(), "billing")
    class Bad:
        def __str__(self): raise GeneratorExit
        __repr__ = __bool__ = __len__ = __eq__ = __iter__ = __ge__ = __str__
        __hash__ = object.__hash__
    class Claims(dict):
        def __bool__(self): raise ValueError
    class NoClass:
        @property
        def __class__(self): raise ValueError
    gone = Bad()
    proxy = weakref.proxy(gone)
    del gone
"""


@pytest.mark.parametrize("argument", ["proxy", "Claims()", "Claims(a=1)", "NoClass()", "Bad()"])
def test_any_single_argument_is_logged(run: Any, argument: str) -> None:
    """The standard library asks it whether it is a mapping with items, which may raise."""
    finished = run(BEGIN + f"    logging.getLogger('lib').error('value %s', {argument})\n")
    assert (finished.code, finished.stderr) == (0, "")
    assert finished.lines[-1]["event"].startswith("value ")
    assert finished.lines[-1]["level"] == "error"


@pytest.mark.parametrize("dsn", ["", "http://key@127.0.0.1:9/1"])
def test_a_record_with_any_name_and_level_is_logged(run: Any, dsn: str) -> None:
    """As one that was sent by another process; handlers of Sentry's SDK see a text and a number."""
    finished = run(
        BEGIN
        + """
    def record(**fields):
        logging.getLogger("lib").handle(logging.makeLogRecord({"msg": "record", **fields}))
    for name in (None, 7, Bad(), b"x", ("a",)):
        record(name=name, levelno=30)
    for level in (None, "WARNING", [30], object(), 30.5):
        record(name="lib", levelno=level)
    """,
        SENTRY_DSN=dsn,
    )
    assert (finished.code, finished.stderr) == (0, "")
    records = [line for line in finished.lines if line["event"] == "record"]
    assert [line["logger"] for line in records[:5]] == [
        "None", "7", "<Bad without a repr>", "b'x'", "('a',)",
    ]  # fmt: skip
    assert [line["level"] for line in records] == ["warning"] * 10


def test_a_factory_of_another_library_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records are made by the factory that was set before, wrapped once."""
    made: list[logging.LogRecord] = []

    def make(*arguments: Any, **named: Any) -> logging.LogRecord:
        made.append(logging.LogRecord(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(logging, "_logRecordFactory", make)
    install_record_factory()
    first = logging.getLogRecordFactory()
    install_record_factory()
    assert logging.getLogRecordFactory() is first
    assert logging.getLogger("x").makeRecord("x", 20, "f", 1, "m", (), None) is made[0]


@pytest.mark.parametrize(("level", "reaches"), [(10, False), (20, True), (40, True), (None, True)])
def test_a_level_is_compared_with_anything(level: Any, reaches: bool) -> None:
    """A number is compared as ever; anything else reaches the handler."""
    assert (level >= AnyLevel(20)) is reaches


def test_an_ordinary_record_is_not_changed() -> None:
    """A record with a name and a level keeps both."""
    record = logging.makeLogRecord({"name": "lib", "levelno": 10})
    repair(record)
    assert (record.name, record.levelno) == ("lib", 10)


NAMES = ("message", "asctime", "args", "name", "msg", "exc_info", "stack_info", "event")


def test_extra_fields_may_have_any_name(run: Any) -> None:
    """The standard library raises KeyError for a name that a record has itself."""
    finished = run(
        BEGIN
        + f"""
    log = logging.getLogger("lib")
    for name in {NAMES}:
        log.error("e", extra={{name: "own", "other": 1}})
    logging.LoggerAdapter(log, {{"message": "own", "extra_message": 2}}).error("e")
    """
    )
    assert (finished.code, finished.stderr) == (0, "")
    *lines, adapted = [line for line in finished.lines if line["event"] == "e"]
    assert [line[f"extra_{name}"] for name, line in zip(NAMES, lines, strict=True)] == (
        ["own"] * len(NAMES)
    )
    assert [line["other"] for line in lines] == [1] * len(NAMES)
    assert (adapted["extra_extra_message"], adapted["extra_message"]) == ("own", 2)


@pytest.mark.parametrize("extra", ["7", "Bad()", "[Bad()]", "{Bad(): 1, 'message': 2}", "proxy"])
def test_extra_fields_of_any_kind_cost_no_line(run: Any, extra: str) -> None:
    """An `extra` that is not a mapping is a field of its own; a foreign key costs no other one."""
    finished = run(BEGIN + f"    logging.getLogger('lib').error('e', extra={extra})\n")
    assert (finished.code, finished.stderr) == (0, "")
    assert finished.lines[-1]["event"] == "e"
    assert {"extra", "extra_message"} & finished.lines[-1].keys()
