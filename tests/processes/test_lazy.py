"""A lazy property: computed once, also in a child that is forked meanwhile."""

import os
import threading

from securenet_obs.processes.lazy import lazy_property
from tests.waiting import eventually


class Rule:
    """A rule whose pattern takes until `go` is set to compute."""

    def __init__(self) -> None:
        self.computed = 0
        self.go = threading.Event()
        self.begun = threading.Event()

    @lazy_property
    def pattern(self) -> int:
        """Number of computations."""
        self.begun.set()
        self.go.wait(30)
        self.computed += 1
        return self.computed


def test_it_is_computed_once() -> None:
    """The class gives the property itself, with its documentation."""
    rule = Rule()
    rule.go.set()
    assert [rule.pattern, rule.pattern] == [1, 1]
    assert Rule.pattern.__doc__ == "Number of computations."


def test_a_child_that_is_forked_meanwhile_does_not_wait() -> None:
    """The thread that computes it in the parent does not exist in the child."""
    slow, quick = Rule(), Rule()
    quick.go.set()
    thread = threading.Thread(target=lambda: slow.pattern)
    thread.start()
    slow.begun.wait(10)
    child = os.fork()
    if child == 0:
        os._exit(quick.pattern)
    ended: list[int] = []
    try:
        assert eventually(lambda: ended.extend(wait_for(child)) or bool(ended), 60)
    finally:
        slow.go.set()
        thread.join()
        if not ended:
            os.kill(child, 9)
            os.waitpid(child, 0)
    assert ended == [1]


def wait_for(child: int) -> list[int]:
    """Return the exit code of a child that has ended, else nothing."""
    process, status = os.waitpid(child, os.WNOHANG)
    return [os.waitstatus_to_exitcode(status)] if process else []
