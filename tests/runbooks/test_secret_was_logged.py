"""The runbook for a leaked secret leads from a logged API key to another key and no copy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from securenet_obs.drills.incidents import Proof
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack

PLANTED = "planted-secret-0815"


def test_it_rotates_the_key_and_purges_its_copies(prove_runbook: Callable[[str], Proof]) -> None:
    """Its row applies alone; the key is refused then, and in no place any more."""
    proof = prove_runbook("api-key-logged")
    assert (proof.problem, proof.outcome) == ("", "passed")


@pytest.mark.slow
def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and what was not searched has its reason."""
    done = run_notebook("secret_was_logged")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text
    assert "of telemetry only error events are searched" in done.text


@pytest.mark.slow
def test_a_waiting_task_with_the_secret_stops_it(
    stack: LocalStack, run_notebook: Callable[..., Any], tmp_path: Path
) -> None:
    """Nothing is masked, and the secret, which has no named action, is not in the evidence."""
    (tmp_path / "secret").write_text(PLANTED)
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        client.rpush("not-consumed", PLANTED)
        try:
            done = run_notebook(
                "secret_was_logged",
                "leaked=secret:PLANTED",
                environment={"PLANTED_FILE": str(tmp_path / "secret")},
            )
            assert client.lrange("not-consumed", 0, -1) == [PLANTED.encode()]
        finally:
            client.delete("not-consumed")
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no step is open"})
    assert "STOP  tasks wait or run with the secret" in done.text
    assert PLANTED not in done.text


@pytest.mark.parametrize("value", ["snk_this-is-a-value", "0123456789"])
def test_a_value_in_place_of_a_reference_is_refused(
    run_notebook: Callable[..., Any], value: str
) -> None:
    """It would be in the evidence; the message does not repeat it."""
    with pytest.raises(Exception, match="reference such as secret:NAME") as caught:
        run_notebook("secret_was_logged", f"leaked={value}")
    assert value not in str(caught.value)
