"""Faults of the broker that its known faults leave out: full memory, shared databases, clocks."""

from securenet_obs.drills.doubt.broker import change_setting, keep_result
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack
from tests.notebooks.runs import Run

BROKER = "08_the_broker_is_safe"


def test_a_full_memory_is_reported(stack: LocalStack, run_notebook: Run) -> None:
    """Redis refuses every write, and the workers cannot answer; the memory is still judged."""
    with change_setting(stack, "maxmemory", "1"):
        done = run_notebook(BROKER)
    assert done.verdict == Verdict.FAILED
    assert "Redis has free memory" in done.red


def test_results_that_stay_in_the_queues_database_are_noticed(
    stack: LocalStack, run_notebook: Run
) -> None:
    """Results without their own database, and results without a TTL, fail one check each."""
    same = {"RESULT_URL": stack.environment["REDIS_URL"]}
    with keep_result(stack, same["RESULT_URL"]):
        done = run_notebook(BROKER, environment=same)
    assert done.red == {"queues and results have separate databases", "every result expires"}


def test_clocks_that_differ_are_noticed(run_notebook: Run) -> None:
    """No difference is within a permitted one of -1 s; zero is one that two clocks may have."""
    done = run_notebook(BROKER, "largest_clock_difference_s=-1")
    assert done.red == {"the clocks agree"}
