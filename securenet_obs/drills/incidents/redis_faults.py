"""Faults of Redis for runbooks: it refuses writes."""

from collections.abc import Iterator
from contextlib import contextmanager

from securenet_obs.drills.faults.redis_states import hold_state
from securenet_obs.stack.local_stack import LocalStack


@contextmanager
def make_replica(stack: LocalStack) -> Iterator[None]:
    """Make Redis a replica of a master that does not answer; a master after the block."""
    with hold_state(stack, "READONLY"):
        yield
