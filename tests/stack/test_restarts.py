"""A part is restarted by the stack's owner, on the request of another process."""

import threading
from pathlib import Path

import pytest

from securenet_obs.errors import StackError
from securenet_obs.stack import LocalStack, request_restart, serve_request
from securenet_obs.stack import restarts as module
from tests.stack.test_dead_parts import root_of


@pytest.mark.slow
@pytest.mark.parametrize("part", ["worker", "beat", "api", "oncall"])
def test_a_requested_part_is_restarted(stack: LocalStack, part: str) -> None:
    """It has another process, is ready, and no other part has changed."""
    before = {name: each.pid for name, each in stack.parts.items()}
    over = threading.Event()

    def own() -> None:
        while not over.wait(0.1):
            serve_request(stack)

    owner = threading.Thread(target=own)
    owner.start()
    try:
        state = request_restart(part, stack.name, root_of(stack))
    finally:
        over.set()
        owner.join()
    after = {name: each.pid for name, each in state.parts.items()}
    assert {name for name in before if before[name] != after[name]} == {part}
    assert stack.parts[part].poll_ready()


def test_no_request_restarts_nothing(stack: LocalStack) -> None:
    """The owner looks again and again."""
    before = stack.parts
    assert serve_request(stack) == ""
    assert stack.parts == before


def test_a_stack_that_is_not_running_is_an_error(tmp_path: Path) -> None:
    """The error has the command that starts it."""
    with pytest.raises(StackError, match="is not running; start it with `securenet-obs up"):
        request_restart("worker", "absent", tmp_path)


def test_an_owner_that_does_not_answer_is_an_error(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is withdrawn."""
    monkeypatch.setattr(module, "ANSWER_S", 0.3)
    with pytest.raises(StackError, match="did not restart beat"):
        request_restart("beat", stack.name, root_of(stack))
    assert serve_request(stack) == ""
