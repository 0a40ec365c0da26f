"""Each part's readiness answer is its own: it is yes when the part is up, and no for each fault."""

import time
from collections.abc import Callable, Mapping

import pytest

from securenet_obs.stack import LocalStack
from securenet_obs.stack.parts.readiness import READINESS_CHECKS
from tests.busy import room_for

Change = Callable[[Mapping[str, str]], dict[str, str]]


def wrong_password(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the target with passwords and tokens that are not the stack's."""
    broker = environment["REDIS_URL"].split("@")[1]
    return {
        **environment,
        "REDIS_URL": f"redis://:wrong@{broker}",
        "RESULT_URL": f"redis://:wrong@{broker}",
        "SENTRY_AUTH_TOKEN": "0" * 40,
    }


def nobody_there(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the target with addresses at which nobody listens."""
    nowhere = {"REDIS_URL": "redis://127.0.0.1:9/0", "RESULT_URL": "redis://127.0.0.1:9/1"}
    http = dict.fromkeys(("API_URL", "SENTRY_URL"), "http://127.0.0.1:9")
    return {**environment, **nowhere, **http}


@pytest.mark.parametrize("part", READINESS_CHECKS)
def test_a_part_that_is_up_says_so(stack: LocalStack, part: str) -> None:
    """Every part of a running stack answers yes."""
    assert READINESS_CHECKS[part](stack.environment, stack.parts[part].since)


@pytest.mark.parametrize("part", READINESS_CHECKS)
def test_nobody_there_is_not_ready(stack: LocalStack, part: str) -> None:
    """Where nobody listens the answer is no, soon, and not an exception."""
    began = time.monotonic()
    assert not READINESS_CHECKS[part](nobody_there(stack.environment), 0.0)
    assert time.monotonic() - began < room_for(5)


@pytest.mark.parametrize("part", ["redis", "bugsink", "worker", "beat"])
def test_somebody_elses_part_is_not_ready(stack: LocalStack, part: str) -> None:
    """A server that refuses this stack's secrets is not this stack's part."""
    assert not READINESS_CHECKS[part](wrong_password(stack.environment), 0.0)


def test_another_project_is_not_ready(stack: LocalStack) -> None:
    """A Bugsink whose project has another DSN is not this stack's."""
    other = {**stack.environment, "SENTRY_DSN": "http://other@127.0.0.1:1/1"}
    assert not READINESS_CHECKS["bugsink"](other, 0.0)


def test_the_tick_of_an_earlier_beat_does_not_count(stack: LocalStack) -> None:
    """Beat is ready when it has ticked since its launch, not when one has at some time."""
    assert not READINESS_CHECKS["beat"](stack.environment, time.time() + 60)


def test_a_stopped_worker_is_not_ready(stack: LocalStack) -> None:
    """The ping of a worker that is gone is not answered, though the broker is there."""
    stack.stop_part("worker")
    assert not READINESS_CHECKS["worker"](stack.environment, 0.0)
    stack.start_part("worker")
    assert READINESS_CHECKS["worker"](stack.environment, 0.0)
