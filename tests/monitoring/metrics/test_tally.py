"""Increments of a process: of threads, taken once, put back, forgotten by a fork."""

import os
import threading

from securenet_obs.monitoring.metrics.definitions import TASK_RUN, TASKS
from securenet_obs.monitoring.metrics.tally import TALLY, Tally


def test_increments_are_taken_once() -> None:
    """What was put back is taken again, with what came meanwhile."""
    tally = Tally()
    tally.increment(TASKS, "scan", "success")
    taken = tally.take()
    assert taken == {("securenet_tasks", "", "scan", "success"): 1}
    assert tally.take() == {}
    tally.increment(TASKS, "scan", "success", amount=2)
    tally.put_back(taken)
    assert tally.take() == {("securenet_tasks", "", "scan", "success"): 3}


def test_a_value_is_in_the_bucket_that_ends_at_or_above_it() -> None:
    """Prometheus' bounds are inclusive; what is above the last one is in `+Inf`."""
    tally = Tally()
    for value in (0.1, 0.100001, 1e9):
        tally.observe(TASK_RUN, "scan", value=value)
    taken = tally.take()
    parts = {part: value for (_, part, _), value in taken.items()}
    assert parts.pop("sum") == 0.1 + 0.100001 + 1e9
    assert parts == {"0.1": 1, "0.3": 1, "+Inf": 1}


def test_no_increment_of_a_thread_is_lost() -> None:
    """Increments and takes of several threads add up."""
    tally, total = Tally(), 0

    def work() -> None:
        for _ in range(2_000):
            tally.increment(TASKS, "scan", "success")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        total += sum(tally.take().values())
    assert total + sum(tally.take().values()) == 8_000


def test_a_forked_child_forgets_what_its_parent_counts() -> None:
    """It would be counted twice."""
    TALLY.increment(TASKS, "forked", "success")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(len(TALLY.take())).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"0"
    os.close(reading)
    os.close(writing)
    assert ("securenet_tasks", "", "forked", "success") in TALLY.take()
