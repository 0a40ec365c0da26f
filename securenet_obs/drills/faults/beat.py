"""Kills beat, then runs two beats with a frequent entry; finds entries that were sent twice."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import redis

from securenet_obs.drills.faults import beat_with_drill
from securenet_obs.drills.faults.signals import kill
from securenet_obs.errors import StackError
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_beat_command
from securenet_obs.workers.names import RESULT_PREFIX

SILENT_S = 10.0
"""Seconds after which a killed beat cannot be mistaken for one between two ticks."""

TWINS_S = 8.0
"""Seconds that two beats run in parallel before their sent tasks are counted."""


@contextmanager
def add_frequent_entry(stack: LocalStack) -> Iterator[tuple[LocalStack, ExitStack]]:
    """Add a beat entry that is due every two seconds; yield the stack and its exit stack."""
    stack.restart_part(
        "beat", command=_build_frequent_beat_command(stack.folder / "beat" / "schedule")
    )
    with ExitStack() as undo:
        yield stack, undo


@contextmanager
def kill_and_double_beat(setup: tuple[LocalStack, ExitStack]) -> Iterator[None]:
    """Keep beat killed during the block, then start two of them and leave both running."""
    stack, undo = setup
    kill(stack.parts["beat"])
    time.sleep(SILENT_S)
    yield
    twin = stack.parts["beat"].copy_with(
        {}, _build_frequent_beat_command(stack.folder / "beat" / "schedule-of-twin")
    )
    undo.callback(twin.stop)
    twin.launch()
    stack.start_part(
        "beat", command=_build_frequent_beat_command(stack.folder / "beat" / "schedule")
    )


def find_double_sends(stack: LocalStack) -> Sequence[str]:
    """Return the times at which the entry was sent again within half its interval.

    Raises:
        StackError: it was sent, or its task executed, too rarely for a conclusion.
    """
    began = time.time()
    time.sleep(TWINS_S)
    sent = sorted(_read_send_times(stack.parts["beat"].log))
    if sum(moment.timestamp() > began for moment in sent) < TWINS_S / beat_with_drill.EVERY_S / 2:
        raise StackError(f"Neither of two beats sent the due entry; see {stack.parts['beat'].log}.")
    # The last task may still be in flight.
    if (executed := _count_executed(stack)) < len(sent) - 1:
        raise StackError(f"{executed} of {len(sent)} tasks that beat sent were executed.")
    return [
        f"beat's entry at {later:%T.%f}"
        for earlier, later in pairwise(sent)
        if (later - earlier).total_seconds() < beat_with_drill.EVERY_S / 2
    ]


def _read_send_times(log: Path) -> Iterator[datetime]:
    """Yield the times at which the entry was sent, from the log that two beats share."""
    for line in log.read_text().splitlines():
        if f"Sending due task {beat_with_drill.ENTRY} " in line:
            yield datetime.fromisoformat(json.loads(line)["timestamp"])


def _count_executed(stack: LocalStack) -> int:
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as client:
        results = client.mget(list(client.scan_iter(f"{RESULT_PREFIX}*", count=1000)))
    return sum(beat_with_drill.CANARY.encode() in result for result in results if result)


def _build_frequent_beat_command(schedule: Path) -> list[str]:
    return [sys.executable, beat_with_drill.__file__, *build_beat_command(schedule)[2:]]
