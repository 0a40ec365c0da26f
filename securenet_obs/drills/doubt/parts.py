"""Faults of parts: a changed program, other settings, another command line, or no process."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis

from securenet_obs.stack.local_stack import LocalStack

_PROGRAM = "securenet_obs.drills.doubt.changes.program"


@contextmanager
def break_part(
    stack: LocalStack,
    part: str,
    *,
    changes: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = (),
) -> Iterator[None]:
    """Run a part in another way for a block; its log lines and endless results go with it.

    Args:
        stack: a running stack.
        part: name of the part.
        changes: functions of `changes`, such as `sentry.no_ids`.
        environment: variables to add or replace.
        command: command line of the part; its own if empty.
    """
    own = list(command) or list(stack.parts[part].command)
    # A Python part runs as `python -m MODULE ARGUMENT...`.
    changed = [sys.executable, "-m", _PROGRAM, ",".join(changes), *own[2:]] if changes else own
    sizes = _read_log_sizes(stack)
    try:
        stack.restart_part(part, environment or {}, changed)
        yield
    finally:
        stack.stop_part(part)
        _restore(stack, sizes)
        stack.start_part(part)


@contextmanager
def stop_part(stack: LocalStack, part: str) -> Iterator[None]:
    """Stop a part for a block."""
    sizes = _read_log_sizes(stack)
    try:
        stack.stop_part(part)
        yield
    finally:
        _restore(stack, sizes)
        stack.start_part(part)


@contextmanager
def remove_rules(stack: LocalStack, rules: Sequence[str]) -> Iterator[None]:
    """Run API and worker without some redaction rules for a block."""
    change = {"changes": ["redaction.without_rules"]}
    away = {"RULES_AWAY": " ".join(rules)}
    with (
        break_part(stack, "api", **change, environment=away),
        break_part(stack, "worker", **change, environment=away),
    ):
        yield


def _read_log_sizes(stack: LocalStack) -> dict[Path, int]:
    logs = sorted(Path(stack.environment["LOG_SOURCE"]).glob("*.log"))
    return {log: log.stat().st_size for log in logs}


def _restore(stack: LocalStack, sizes: Mapping[Path, int]) -> None:
    """Remove the traces of a broken part: later validations would read them."""
    for log, size in sizes.items():
        with log.open("r+b") as file:
            file.truncate(size)
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as client:
        for key in client.scan_iter("celery-task-meta-*"):
            if client.ttl(key) == -1:
                client.delete(key)
