"""Stack traces of exceptions: bounded, whatever the names of modules are."""

import sys
from typing import Any

import pytest

from securenet_obs.monitoring.sentry.events.exceptions.stack_traces import (
    MAX_FRAMES,
    stack_trace_of,
)


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
        trace = stack_trace_of(error.__traceback__)
    finally:
        sys.setrecursionlimit(limit)
    assert trace is not None
    assert len(trace["frames"]) == MAX_FRAMES
    assert trace["frames"][0]["function"] == "test_a_deep_recursion_keeps_its_ends"
    assert trace["frames"][-1]["lineno"] == recurse.__code__.co_firstlineno + 2
    assert trace["frames_omitted"] == [25, 25 + 10_002 - MAX_FRAMES]


@pytest.mark.parametrize("name", [None, 7, ["list"], "\ud800", object()])
def test_a_module_may_have_any_name(name: Any) -> None:
    """`__name__` of a frame's module may be any object."""
    code = compile("raise ValueError('x')", "file-name", "exec")
    try:
        exec(code, {"__name__": name})
    except ValueError as error:
        trace = stack_trace_of(error.__traceback__)
    assert trace is not None
    frame = trace["frames"][-1]
    assert frame["module"] == (name if isinstance(name, str) else None)
    assert frame["lineno"] == 1
