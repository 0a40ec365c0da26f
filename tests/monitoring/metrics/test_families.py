"""Families of Prometheus: cumulative buckets, and every metric even without a sample."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from securenet_obs.monitoring.metrics.definitions import DEFINITIONS, TASK_RUN, TASKS
from securenet_obs.monitoring.metrics.families import build_families
from securenet_obs.monitoring.metrics.tally import Tally
from tests.promtool import promtool


def exposition(tally: Tally) -> str:
    class Families(Collector):
        def collect(self) -> object:  # type: ignore[override]
            return build_families(tally.take())

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families())
    return generate_latest(registry).decode()


def test_buckets_are_cumulative() -> None:
    """Each bucket has all smaller values too, and the last one all values."""
    tally = Tally()
    for value in (0.02, 0.02, 2.0, 1e6):
        tally.observe(TASK_RUN, "scan", value=value)
    lines = exposition(tally).splitlines()
    counts = [
        float(line.split()[-1]) for line in lines if line.startswith("securenet_task_run_seconds_b")
    ]
    assert counts == [0, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 4]
    assert 'securenet_task_run_seconds_count{task="scan"} 4.0' in lines


def test_every_metric_is_there_without_samples() -> None:
    """A scraper reads its type and its description."""
    text = exposition(Tally())
    assert all(f"# TYPE {name}" in text for name in DEFINITIONS)


def test_promtool_accepts_the_exposition() -> None:
    """Hostile names of labels are escaped."""
    tally = Tally()
    tally.increment(TASKS, 'a"b\\c\nd', "success")
    tally.observe(TASK_RUN, "scan", value=0.02)
    checked = promtool("check", "metrics", text=exposition(tally))
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert promtool("check", "metrics", text="counter_without_help 1\n").returncode != 0
