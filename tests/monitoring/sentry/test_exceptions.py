"""Conversion of exceptions to Sentry's format, whatever their own attributes answer."""

import itertools
import sys
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.utils import event_from_exception

from securenet_obs.monitoring.sentry.exceptions import (
    MAX_EXCEPTIONS,
    MAX_FRAMES,
    exc_info_of,
    exception_values,
    install,
)
from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.monitoring.hostile import hostile_classes, raised
from tests.monitoring.sentry.program import BEGIN

HOSTILE = hostile_classes()


def values(error: BaseException) -> list[dict[str, Any]]:
    """Return the exceptions of an event."""
    return exception_values(exc_info_of(error))


def is_converted(kind: type[BaseException]) -> bool:
    """Return whether the type, text and frames of an exception and its cause are read."""
    found = values(raised(kind))
    return len(found) == 2 and all(
        value["type"] == "Odd"
        and type(value["value"]) is str
        and value["stacktrace"]["frames"][-1]["function"] == "raised"
        for value in found
    )


def test_a_hostile_exception_is_converted() -> None:
    """Type, text, frames and cause are read past the exception's own attributes."""
    assert len(HOSTILE) > 500
    assert [label for label, kind in HOSTILE.items() if not is_converted(kind)] == []


def test_the_sdk_reads_hostile_exceptions_too() -> None:
    """After `install` the SDK's integrations convert every such exception."""
    install()
    for kind in HOSTILE.values():
        event, hint = event_from_exception(raised(kind))
        assert len(event["exception"]["values"]) == 2
        assert f"{hint['exc_info'][0].__module__}"
    assert sentry_sdk.capture_exception(ValueError("without a client")) is None


def test_every_hostile_exception_arrives(run: Any, sentry: SentryRecorder) -> None:
    """No capture and no log call raises or loses an event, and each line has its id."""
    finished = run(
        BEGIN
        + """
    from tests.monitoring.hostile import hostile_classes, raised
    for label, kind in hostile_classes().items():
        assert capture_error(raised(kind)), label
        sentry_sdk.capture_exception(raised(kind))
        error = raised(kind)  # of a bare exception, logging itself asks for its truth
        logging.getLogger("standard").error("standard", exc_info=(kind, error, None))
        log.error("native", exc_info=raised(kind))
        flush_sentry(10)
    assert lost_events() == {}, lost_events()
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stderr
    assert len(sentry.events) == 4 * len(HOSTILE)
    ids = {event["event_id"] for event in sentry.events}
    native = [line for line in finished.lines if line["event"] == "native"]
    assert len(native) == len(HOSTILE)
    assert {line["sentry_event_id"] for line in native} <= ids


def test_an_uncaught_hostile_exception_of_a_thread_arrives(
    run: Any, sentry: SentryRecorder
) -> None:
    """Threads and pools end as they would without monitoring."""
    finished = run(
        BEGIN
        + """
    import threading
    from concurrent.futures import ThreadPoolExecutor
    from tests.monitoring.hostile import hostile_classes
    def fail(kind):
        raise kind("in a thread")
    kinds = list(hostile_classes().values())[::9]
    for kind in kinds:
        thread = threading.Thread(target=fail, args=(kind,))
        thread.start()
        thread.join()
        flush_sentry(10)
    with ThreadPoolExecutor(1) as pool:
        for kind in kinds:
            assert issubclass(type(pool.submit(fail, kind).exception()), kind)
    log.info("number", number=len(kinds))
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stderr
    assert len(sentry.events) == finished.line("number")["number"]


def test_a_chain_is_bounded() -> None:
    """A chain of 5,000 exceptions, and a cycle, become a bounded list with the error last."""
    error: BaseException = ValueError("first")
    for number in range(5_000):
        following = ValueError(f"number {number}")
        following.__cause__ = error
        error = following
    assert len(values(error)) == MAX_EXCEPTIONS
    assert values(error)[-1]["value"] == "number 4999"
    cycle, other = ValueError("a"), ValueError("b")
    cycle.__context__, other.__context__ = other, cycle
    assert [value["value"] for value in values(cycle)] == ["b", "a"]


def test_a_group_is_a_tree() -> None:
    """Members have their parent's number and place; hostile members do not cost the others."""
    members = [KeyError("k"), raised(HOSTILE["__getattribute__: a value error"]), OSError(5, "io")]
    group = BaseExceptionGroup("several", members)  # type: ignore[list-item]
    nested = ExceptionGroup(
        "outer", [ValueError("v"), *([group] if isinstance(group, Exception) else [])]
    )
    found = values(nested)[::-1]
    mechanisms = [value["mechanism"] for value in found]
    assert [value["type"] for value in found][:2] == ["ExceptionGroup", "ValueError"]
    assert mechanisms[0]["is_exception_group"]
    assert mechanisms[1]["parent_id"] == 0
    assert mechanisms[1]["source"] == "exceptions[0]"
    assert [each["exception_id"] for each in mechanisms] == list(range(len(found)))
    assert mechanisms[-1]["meta"] == {"errno": {"number": 5}}


def test_a_large_group_is_bounded() -> None:
    """Groups of 100,000 members and groups within groups end at the bound."""
    group = ExceptionGroup("many", [ValueError(str(number)) for number in range(100_000)])
    for _ in range(500):
        group = ExceptionGroup("nested", [group])
    assert len(values(group)) == MAX_EXCEPTIONS


def test_a_deep_recursion_keeps_its_ends() -> None:
    """Of 10,000 frames the outermost and the innermost remain, with the number omitted."""

    def recurse(depth: int) -> None:
        if depth == 0:
            raise ValueError("deep")
        recurse(depth - 1)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        recurse(10_000)
    except ValueError as error:
        (value,) = values(error)
    finally:
        sys.setrecursionlimit(limit)
    trace = value["stacktrace"]
    assert len(trace["frames"]) == MAX_FRAMES
    assert trace["frames"][0]["function"] == "test_a_deep_recursion_keeps_its_ends"
    assert trace["frames"][-1]["lineno"] == recurse.__code__.co_firstlineno + 2
    assert trace["frames_omitted"] == [25, 25 + 10_002 - MAX_FRAMES]


def test_notes_follow_the_text() -> None:
    """Notes are part of the value; notes that are not texts are converted."""
    error = ValueError("text")
    error.add_note("a note")
    error.__notes__.append(7)  # type: ignore[arg-type]
    assert values(error)[0]["value"] == "text\na note\n7"


def test_the_sdk_and_ours_agree_about_ordinary_exceptions() -> None:
    """Types, modules, texts and frames are those of the SDK."""
    sdk = sentry_sdk.utils.single_exception_from_error_tuple
    try:
        dict(itertools.chain([1]))  # type: ignore[list-item]
    except TypeError as error:
        theirs = sdk(TypeError, error, error.__traceback__)
        (ours,) = values(error)
    assert {name: ours[name] for name in ("module", "type", "value")} == {
        name: theirs[name] for name in ("module", "type", "value")
    }
    kept = ("filename", "abs_path", "function", "module", "lineno")
    for mine, its in zip(ours["stacktrace"]["frames"], theirs["stacktrace"]["frames"], strict=True):
        assert {name: mine[name] for name in kept} == {name: its[name] for name in kept}


@pytest.mark.parametrize("name", [None, 7, ["list"], "\ud800", object()])
def test_a_module_may_have_any_name(name: Any) -> None:
    """`__name__` of a frame's module may be any object."""
    code = compile("raise ValueError('x')", "file-name", "exec")
    try:
        exec(code, {"__name__": name})
    except ValueError as error:
        frame = values(error)[0]["stacktrace"]["frames"][-1]
    assert frame["module"] == (name if isinstance(name, str) else None)
    assert frame["lineno"] == 1
