"""Records that a handler prints that was added after the start."""

from typing import Any

import pytest

BEGIN = """
    import logging, sys
    from securenet_obs.monitoring import configure_structlog
    configure_structlog(prints=True)
    lib, root = logging.getLogger("lib"), logging.getLogger()
    class Own(logging.StreamHandler):
        pass
"""


@pytest.mark.parametrize(
    "added",
    [
        "lib.addHandler(logging.StreamHandler())",
        "lib.addHandler(logging.StreamHandler(sys.stdout))",
        "lib.addHandler(Own(sys.stdout))",
        "root.addHandler(logging.StreamHandler(sys.stdout))",
        "root.handlers.insert(0, logging.StreamHandler(sys.stdout))",
    ],
)
def test_a_record_is_one_line(run: Any, added: str) -> None:
    """A handler of a library for stdout or stderr does not write its records a second time."""
    finished = run(
        BEGIN
        + f"""
    {added}
    lib.error("once")
    try:
        raise ValueError("failed")
    except ValueError:
        lib.exception("twice %d", 2)
    print("printed")
    """
    )
    assert [(line["logger"], line["event"]) for line in finished.lines] == [
        ("lib", "once"), ("lib", "twice 2"), ("stdout", "printed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "added",
    [
        "lib.propagate = False; lib.addHandler(logging.StreamHandler(sys.stdout))",
        "root.handlers = [logging.StreamHandler(sys.stdout)]",
        "logging.basicConfig(force=True, stream=sys.stdout, format='%(message)s')",
        "root.handlers[0].setLevel(100); lib.addHandler(logging.StreamHandler(sys.stdout))",
        "logging.StreamHandler(sys.stdout).handle(logging.makeLogRecord({'msg': 'alone'}))",
    ],
)
def test_a_record_that_no_other_line_has_is_a_printed_line(run: Any, added: str) -> None:
    """Where the record does not reach our handler, the text of the library's own is logged."""
    finished = run(BEGIN + f"    {added}\n    lib.error('alone')\n")
    lines = [line for line in finished.lines if line["event"] == "alone"]
    assert [line["logger"] for line in lines][:1] == ["stdout"]
