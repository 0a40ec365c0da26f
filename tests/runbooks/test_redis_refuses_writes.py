"""The runbook for a Redis that refuses writes leads from a replica to writes and a canary."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis

from securenet_obs.drills.faults.redis_states import keep_failed_save
from securenet_obs.drills.incidents import Incident, Proof
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack


def test_it_promotes_a_replica_without_a_master(prove_runbook: Callable[[str], Proof]) -> None:
    """Redis refuses writes from the look to the action, and the journal is written nevertheless."""
    proof = prove_runbook("redis-became-a-replica")
    assert (proof.problem, proof.outcome) == ("", "passed")


@contextmanager
def fail_one_save(stack: LocalStack) -> Iterator[None]:
    """Let one save of Redis fail; the disk has space again, and Redis does not try."""
    url = stack.environment["REDIS_URL"]
    with redis.Redis.from_url(url, decode_responses=True) as client, keep_failed_save(client):
        yield


def test_it_saves_once_the_disk_has_space_again(
    prove_runbook: Callable[[str | Incident], Proof],
) -> None:
    """Redis itself would refuse writes until its next save, an hour later."""
    incident = Incident(
        "redis-disk-was-full",
        "redis_refuses_writes",
        "A save failed on a full disk, which has space again.",
        fail_one_save,
        row="cannot save its data (MISCONF)",
    )
    proof = prove_runbook(incident)
    assert (proof.problem, proof.outcome) == ("", "passed")


def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook("redis_refuses_writes")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text
