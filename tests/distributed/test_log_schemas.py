"""Log schemas of the last green runs: kept for each notebook and target, given to the next run."""

from pathlib import Path
from typing import Any

import pytest
import redis

from securenet_obs.distributed.log_schemas import keep_schema, with_last_schema
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.comparison.facts import LOG_SCHEMA_SUFFIX
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.record.order import Order
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.target import Target, target_of

pytestmark = pytest.mark.stack

PROJECT = Path(__file__).parents[2]
LOGS, TASKS = "02_logs_are_structured_json", "03_celery_round_trips_tasks"


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Target:
    """Return a target of this test alone: tests share a Redis."""
    return target_of("staging", {"API_URL": f"http://{request.node.name}.example"})


def order_of(name: str) -> Order:
    return order_for(find(PROJECT, name))


def keep(client: Any, target: Target, name: str, scratch: Path, verdict: str = "passed") -> None:
    """Keep the log schema of a run with a verdict, as its worker does."""
    (scratch / f"r{LOG_SCHEMA_SUFFIX}").write_text(f'"{verdict}"')
    run = RunRecord("r", {"kind": "validation"}, judged={"verdict": verdict})
    keep_schema(client, target, order_of(name), scratch, [run])


def test_the_schema_of_the_last_green_run_is_given_to_the_next(
    client: Any, target: Target, tmp_path: Path
) -> None:
    """A run that did not pass replaces none."""
    assert with_last_schema(client, target, order_of(LOGS), tmp_path).log_schema is None
    keep(client, target, LOGS, tmp_path)
    keep(client, target, LOGS, tmp_path, "failed")
    path = with_last_schema(client, target, order_of(LOGS), tmp_path).log_schema
    assert path is not None
    assert path.read_text() == '"passed"'


def test_another_target_and_a_notebook_without_logs_have_none(
    client: Any, target: Target, tmp_path: Path
) -> None:
    """Each target has log lines of its own."""
    other = target_of("production", {"API_URL": "http://production.example"})
    for name in (LOGS, TASKS):
        keep(client, target, name, tmp_path)
    assert with_last_schema(client, other, order_of(LOGS), tmp_path).log_schema is None
    assert with_last_schema(client, target, order_of(TASKS), tmp_path).log_schema is None


def test_a_redis_that_is_away_costs_the_comparison_alone(target: Target, tmp_path: Path) -> None:
    """The run has its verdict all the same."""
    (port,) = find_free_ports(1)
    client = redis.Redis(port=port)
    keep(client, target, LOGS, tmp_path)
    assert with_last_schema(client, target, order_of(LOGS), tmp_path) == order_of(LOGS)
