"""A broken part is whole again after its block, and leaves nothing behind."""

from pathlib import Path

import pytest
import redis

from securenet_obs.drills.doubt.parts import break_part
from securenet_obs.errors import StackError
from securenet_obs.stack import LocalStack


@pytest.mark.slow
def test_a_broken_part_is_whole_again(stack: LocalStack) -> None:
    """Its own command line returns; its lines and endless results do not stay."""
    part = stack.parts["worker"]
    command = list(part.command)
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as results:
        with break_part(stack, "worker", changes=["lines.print_text"]):
            assert stack.parts["worker"].command != command
            assert "starting up ..." in part.log.read_text().splitlines()
            results.set("celery-task-meta-endless", "{}")
            results.set("celery-task-meta-ending", "{}", ex=60)
        assert list(stack.parts["worker"].command) == command
        assert "starting up ..." not in part.log.read_text().splitlines()
        assert results.exists("celery-task-meta-endless") == 0
        assert results.delete("celery-task-meta-ending") == 1


def test_a_part_that_does_not_start_is_whole_again(stack: LocalStack, tmp_path: Path) -> None:
    """A fault that cannot be held leaves the stack as it was."""
    with (
        pytest.raises(StackError),
        break_part(stack, "beat", command=["/bin/false", str(tmp_path)]),
    ):
        pytest.fail("it started")
    assert stack.parts["beat"].is_running()
