"""Events and breadcrumbs of the standard library's records, whatever a record contains."""

from typing import Any

from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.monitoring.sentry.program import BEGIN

RECORDS = """
    class Bad:
        def __str__(self): raise GeneratorExit
        __repr__ = __str__
    theirs = logging.getLogger("theirs")
    theirs.info("connected to %s", "cache", extra={"attempt": 2})
    theirs.debug("detail")
    theirs.error("%d of %s refused", 3, "acme", stack_info=True)
    theirs.error("%d refused", "password=hunter2hunter2")
    theirs.error(Bad())
    theirs.error("%s", Bad())
    theirs.error("extra", extra={"value": Bad(), "names": {Bad(): Bad()}})
    theirs.error("with an exception", exc_info=ValueError("refused"))
    assert lost_events() == {}, lost_events()
"""


def test_no_value_of_a_record_costs_its_event(run: Any, sentry: SentryRecorder) -> None:
    """Each error is an event with its template; arguments that do not match are left out."""
    finished = run(BEGIN + RECORDS, SENTRY_DSN=sentry.dsn)
    assert (finished.code, finished.stderr) == (0, "")
    entries = [event.get("logentry", {}) for event in sentry.events]
    assert [(entry.get("message"), entry.get("formatted")) for entry in entries] == [
        ("%d of %s refused", "3 of acme refused"),
        ("%d refused", "%d refused"),
        ("<Bad without a repr>", "<Bad without a repr>"),
        ("%s", "%s"),
        ("extra", "extra"),
        ("with an exception", "with an exception"),
    ]
    assert sentry.events[-1]["exception"]["values"][-1]["value"] == "refused"
    assert all(b"hunter2" not in envelope for envelope in sentry.envelopes)


def test_records_from_level_info_are_breadcrumbs(run: Any, sentry: SentryRecorder) -> None:
    """A breadcrumb has the record's text and its extra fields; level debug is left out."""
    run(BEGIN + RECORDS, SENTRY_DSN=sentry.dsn)
    crumbs = sentry.events[0]["breadcrumbs"]["values"]
    assert [(crumb["message"], crumb["level"]) for crumb in crumbs] == [
        ("connected to cache", "info")
    ]
    assert crumbs[0]["data"]["attempt"] == 2
