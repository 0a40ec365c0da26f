"""Fault of the logs for runbooks: a part that writes text for a terminal into its log."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from securenet_obs.stack.local_stack import LocalStack

_PART = "beat"


@contextmanager
def switch_format(stack: LocalStack) -> Iterator[None]:
    """Restart beat with LOG_FORMAT=console; after the block its log ends where it ended before."""
    log = stack.parts[_PART].log
    size = log.stat().st_size
    broken = stack.restart_part(_PART, {"LOG_FORMAT": "console"})
    try:
        yield
    finally:
        if stack.parts[_PART] is broken:
            stack.restart_part(_PART)
        os.truncate(log, size)
