"""The local stack: Redis, PostgreSQL, Bugsink with its relay, API, worker, beat as processes."""

from securenet_obs.stack.dead_parts import RESTARTABLE, find_dead_parts, watch_parts
from securenet_obs.stack.detached import start_detached, supervise, wait_for_stack
from securenet_obs.stack.follow import follow
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_beat_command, build_worker_command
from securenet_obs.stack.restarts import request_restart, serve_request, serving_requests
from securenet_obs.stack.state import (
    PartStatus,
    StackState,
    describe_dashboard,
    find_running_stack,
    find_running_stacks,
    find_stack_of,
    format_stack_command,
    read_status,
    take_down,
)

__all__ = [
    "RESTARTABLE",
    "LocalStack",
    "PartStatus",
    "StackState",
    "build_beat_command",
    "build_worker_command",
    "describe_dashboard",
    "find_dead_parts",
    "find_running_stack",
    "find_running_stacks",
    "find_stack_of",
    "follow",
    "format_stack_command",
    "read_status",
    "request_restart",
    "serve_request",
    "serving_requests",
    "start_detached",
    "supervise",
    "take_down",
    "wait_for_stack",
    "watch_parts",
]
