"""Lines of warnings and of exceptions that reach the interpreter."""

from typing import Any

from tests.monitoring.logs.test_setup import BEGIN


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


def test_a_warning_has_its_source_in_fields(run: Any) -> None:
    """The event is the warning's text; category and source are fields."""
    finished = run(BEGIN + '\n    warnings.warn("careful", DeprecationWarning)\n')
    line = finished.line("careful")
    assert (line["logger"], line["category"]) == ("py.warnings", "DeprecationWarning")
    assert line["lineno"] > 0
