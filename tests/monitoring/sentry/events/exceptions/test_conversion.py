"""Conversion of exceptions to Sentry's format, whatever their own attributes answer."""

import itertools
from typing import Any

import pytest
import sentry_sdk

from securenet_obs.monitoring.sentry.events.exceptions.conversion import (
    exc_info_of,
    exception_values,
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


@pytest.mark.slow
def test_every_hostile_exception_arrives(run: Any, sentry: SentryRecorder) -> None:
    """No capture and no log call raises or loses an event, and each line has its id."""
    finished = run(
        BEGIN
        + """
    from tests.monitoring.hostile import hostile_classes, raised
    for label, kind in hostile_classes().items():
        # An event has the last hundred breadcrumbs, which cost more than the rest of it.
        sentry_sdk.get_isolation_scope().clear_breadcrumbs()
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
