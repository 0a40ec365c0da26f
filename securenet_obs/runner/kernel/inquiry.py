"""Asks a kernel for parameter values or late errors, by a request that executes no cell.

An inquiry is an execute request with a statement that does nothing. The kernel calls its cell
hooks as for the next cell; the history and the execution counts do not change.
"""

import json
from collections.abc import Awaitable, Iterable
from queue import Empty
from typing import Any, Protocol

from nbclient.exceptions import DeadKernelError
from nbclient.util import ensure_async

from securenet_obs.processes.polling import Deadline
from securenet_obs.runner.kernel.messages import INQUIRY

POLL_INTERVAL_S = 0.5
"""Seconds between checks whether an unresponsive kernel is alive."""


class Channel(Protocol):
    """The channel of replies."""

    def get_msg(self, timeout: float) -> Awaitable[dict[str, Any]] | dict[str, Any]:
        """Return the next message; raise `Empty` if no message arrives in time."""


class Client(Protocol):
    """A client of a kernel."""

    shell_channel: Channel

    def execute(self, code: str, **options: Any) -> str | Awaitable[str]:
        """Send a request; return its message id."""

    def is_alive(self) -> bool | Awaitable[bool]:
        """Return whether the kernel is running."""


async def ask_values(client: Client, names: Iterable[str], seconds: float) -> dict[str, Any]:
    """Return the kernel's reply with the values that the next cell would see.

    Raises:
        DeadKernelError: the kernel ended.
        TimeoutError: the kernel did not answer in time.
    """
    question = {INQUIRY: json.dumps({"names": list(names)})}
    return await _answer(client, seconds, code="pass", user_expressions=question)


async def ask_faults(client: Client, seconds: float) -> dict[str, Any]:
    """Return the kernel's reply with the errors noticed since the last cell.

    Raises:
        DeadKernelError: the kernel ended.
        TimeoutError: the kernel did not answer in time.
    """
    question = {INQUIRY: json.dumps({"last": True})}
    return await _answer(client, seconds, code="", silent=True, user_expressions=question)


async def _answer(client: Client, seconds: float, **request: Any) -> dict[str, Any]:
    deadline = Deadline.after(seconds)
    number = await ensure_async(
        client.execute(**request, store_history=False, stop_on_error=False, allow_stdin=False)
    )
    while (left_s := deadline.left_s) > 0:
        try:
            reply = await ensure_async(
                client.shell_channel.get_msg(timeout=min(POLL_INTERVAL_S, left_s))
            )
        except Empty:
            if not await ensure_async(client.is_alive()):
                raise DeadKernelError("the kernel ended before it answered") from None
            continue
        if reply["parent_header"].get("msg_id") == number:
            return dict(reply["content"])
    raise TimeoutError("the kernel did not answer")
