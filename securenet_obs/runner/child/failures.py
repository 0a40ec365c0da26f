"""Decides which error failed a cell: that of its reply, of an output, or one the kernel noted.

A cell fails on any of these conditions; a cell that is tagged `raises-exception` fails only on
errors that are not its own:

- its reply has the status `error`, as after a shell escape with a nonzero exit status;
- IPython showed a traceback or a usage error for it, at any depth (`%run`, `%%capture`, a nested
  `run_cell`, a display method, a hook), even if that display was captured or replaced;
- it produced an output of type `error`, even if that was cleared again;
- a thread or an asyncio task ended with an unhandled error, or an event loop or a logger of
  `kernel.faults.LOGGERS` reported the error of a callback.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from securenet_obs.runner.kernel.faults import MAX_MESSAGE_LENGTH, Fault

UNNAMED = "NoneType"
"""Error name that ipykernel reports for a failed display method; the cell's own code succeeded."""

ALLOWED = "raises-exception"
"""Tag of a cell whose own error does not end the run."""


def failure(
    reply: Mapping[str, Any],
    reported: Iterable[Mapping[str, Any]],
    shown: Iterable[Fault],
    *,
    allowed: bool = False,
) -> tuple[Fault | None, list[Fault]]:
    """Return the error that failed a cell, if any, and the other errors, which were swallowed.

    Args:
        reply: content of the kernel's reply.
        reported: errors that the kernel noted.
        shown: outputs of type `error`.
        allowed: the cell's own errors are allowed.
    """
    faults = [*(Fault(**row) for row in reported), *shown]
    noticed = _distinct(row for row in faults if row.background or not allowed)
    named = None if allowed else _of_reply(reply)
    if named is None or named.name == UNNAMED or named.is_clean_exit:
        # A clean exit does not hide an earlier error.
        named = next(iter(noticed), None) or named
    return named, [row for row in noticed if named and not row.is_like(named)]


def _of_reply(reply: Mapping[str, Any]) -> Fault | None:
    if reply["status"] == "ok":
        return None
    name = str(reply.get("ename", reply["status"]))
    return Fault(name, str(reply.get("evalue", ""))[:MAX_MESSAGE_LENGTH], "reply")


def _distinct(faults: Iterable[Fault]) -> list[Fault]:
    """Return each error once, without clean exits: only one in the reply ends the notebook.

    In nested code (`run_cell`, `%prun`) a clean exit ends that code, and the cell continues.
    """
    rows: list[Fault] = []
    for fault in faults:
        if not fault.is_clean_exit and not any(map(fault.is_like, rows)):
            rows.append(fault)
    return rows
