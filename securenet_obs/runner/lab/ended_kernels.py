"""Extension of JupyterLab's server: a kernel that restarts or ends takes its waiting cells along.

jupyter-server-nbmodel 0.2.9 waits for the reply to the cell that ran, which never comes: all later
cells of the notebook would wait for it, too.
"""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

NAME = __name__
"""Name by which the server loads this extension."""

CANCEL_TIMEOUT_S = 5.0
"""Seconds in which the cells of a queue must end."""

_EXECUTOR, _STACK = "jupyter_server_nbmodel", "execution_stack"
_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
_ENDS = ("restart", "shutdown")
"""Actions after which no reply comes; a kernel that died is restarted."""


def _load_jupyter_server_extension(server: Any) -> None:
    """Follow the server's kernels; the server calls this, by this name, at its start."""
    server.event_logger.add_listener(schema_id=_ACTIONS, listener=partial(_end_queue, server))


async def _end_queue(server: Any, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
    stack = _find_stack(server)
    if stack and data["action"] in _ENDS and data.get("status") == "success":
        # It ends as the task that it cancels does.
        with suppress(asyncio.CancelledError, TimeoutError):
            await stack.cancel(data["kernel_id"], timeout=CANCEL_TIMEOUT_S)


def _find_stack(server: Any) -> Any:
    """Return the executor's queues of cells, an argument of its handlers; None without it."""
    apps = server.extension_manager.extension_apps.get(_EXECUTOR, ())
    handlers = (handler for app in apps for handler in app.handlers)
    arguments = (part for handler in handlers for part in handler[2:])
    return next((part[_STACK] for part in arguments if _STACK in part), None)
