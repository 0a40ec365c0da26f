"""The local stack: Redis, Bugsink, API, worker and beat as real processes on this machine."""

from securenet_obs.stack.detached import await_stack, start_detached, supervise
from securenet_obs.stack.follow import follow
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import beat_command, worker_command
from securenet_obs.stack.state import (
    PartStatus,
    StackState,
    down,
    running_stack,
    running_stacks,
    stack_command,
    status,
)

__all__ = [
    "LocalStack",
    "PartStatus",
    "StackState",
    "await_stack",
    "beat_command",
    "down",
    "follow",
    "running_stack",
    "running_stacks",
    "stack_command",
    "start_detached",
    "status",
    "supervise",
    "worker_command",
]
