"""Each readiness check is true for a running part and false for each fault."""

import time
from collections.abc import Callable, Mapping

import pytest

from securenet_obs.stack import LocalStack
from securenet_obs.stack.local_stack import OPTIONAL_PARTS
from securenet_obs.stack.parts.readiness import READINESS_CHECKS
from tests.busy import room_for
from tests.waiting import eventually

Change = Callable[[Mapping[str, str]], dict[str, str]]


def wrong_password(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the target with passwords and tokens other than the stack's."""
    broker = environment["REDIS_URL"].split("@")[1]
    return {
        **environment,
        "REDIS_URL": f"redis://:wrong@{broker}",
        "RESULT_URL": f"redis://:wrong@{broker}",
        "SENTRY_AUTH_TOKEN": "0" * 40,
    }


def unreachable_addresses(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the target with addresses without a listener."""
    nowhere = {"REDIS_URL": "redis://127.0.0.1:9/0", "RESULT_URL": "redis://127.0.0.1:9/1"}
    http = dict.fromkeys(("API_URL", "SENTRY_URL", "SENTRY_RELAY_URL"), "http://127.0.0.1:9")
    return {**environment, **nowhere, **http}


@pytest.mark.parametrize("part", sorted(READINESS_CHECKS.keys() - OPTIONAL_PARTS))
def test_running_part_is_ready(stack: LocalStack, part: str) -> None:
    """Every part of a running stack is ready; a busy machine may answer one question too late."""
    check = READINESS_CHECKS[part]
    assert eventually(lambda: check(stack.environment, stack.parts[part].since), 60)


@pytest.mark.parametrize("part", sorted(READINESS_CHECKS.keys() - OPTIONAL_PARTS))
def test_missing_server_is_not_ready(stack: LocalStack, part: str) -> None:
    """Without a listener the check returns False soon, and raises no error."""
    began = time.monotonic()
    assert not READINESS_CHECKS[part](unreachable_addresses(stack.environment), 0.0)
    assert time.monotonic() - began < room_for(5)


@pytest.mark.parametrize("part", ["redis", "bugsink", "relay", "worker", "beat"])
def test_server_with_other_secrets_is_not_ready(stack: LocalStack, part: str) -> None:
    """A server that refuses the stack's secrets is not a part of this stack."""
    assert not READINESS_CHECKS[part](wrong_password(stack.environment), 0.0)


def test_other_bugsink_project_is_not_ready(stack: LocalStack) -> None:
    """A Bugsink project with another DSN is not a part of this stack."""
    other = {**stack.environment, "SENTRY_DSN": "http://other@127.0.0.1:1/1"}
    assert not READINESS_CHECKS["bugsink"](other, 0.0)


def test_tick_of_an_earlier_beat_does_not_count(stack: LocalStack) -> None:
    """Beat is ready after a tick since its own launch."""
    assert not READINESS_CHECKS["beat"](stack.environment, time.time() + 60)


@pytest.mark.slow
def test_stopped_worker_is_not_ready(stack: LocalStack) -> None:
    """The broker runs, but the ping has no answer."""
    stack.stop_part("worker")
    assert not READINESS_CHECKS["worker"](stack.environment, 0.0)
    stack.start_part("worker")
    assert eventually(lambda: READINESS_CHECKS["worker"](stack.environment, 0.0), 60)
