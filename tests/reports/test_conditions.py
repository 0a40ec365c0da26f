"""The conditions of a run: equal for equal code, parameters, settings, target and deadlines."""

from typing import Any

import pytest

from tests.benchmarks.made_evidence import SETTINGS
from tests.reports.conftest import make_run

LOCAL = {
    "name": "local stack run-1a2b3c4d", "API_URL": "http://127.0.0.1:41001",
    "SENTRY_DSN": "http://9cde24b7fb5e4b81@127.0.0.1:41002/1",
    "LOG_SOURCE": "/x/run-1a2b3c4d/logs", "SCHEDULE_CANARY_S": "4",
}  # fmt: skip


@pytest.mark.parametrize(
    ("manifest", "row"),
    [
        ({"commit": "another"}, {}),
        ({"code": "another"}, {}),
        ({"versions": {"celery": "5.6.3"}}, {}),
        ({}, {"sources": "another"}),
        ({}, {"parameters": {"deadline_s": 20.0}}),
        ({"target": SETTINGS | {"LOG_LEVEL": "DEBUG"}}, {}),
        ({"target": SETTINGS | {"name": "production.env"}}, {}),
        ({}, {"limits": {"deadline_s": 480.0, "cell_deadline_s": 120.0}}),
    ],
)
def test_each_change_changes_the_conditions(manifest: dict[str, Any], row: dict[str, Any]) -> None:
    """Code, notebook, parameters, settings, target, and a raised deadline."""
    assert make_run(manifest=manifest, **row).conditions != make_run().conditions


def test_an_outcome_is_not_a_condition() -> None:
    """Verdict, duration, time and attempt do not count."""
    other = make_run(7, fail=0, seconds=9.0, attempt=2)
    assert other.conditions == make_run().conditions


def test_a_deadline_that_was_ordered_counts_without_recorded_limits() -> None:
    """The evidence of earlier versions has deadlines in the plan alone."""
    order = {"path": "/srv/notebooks/01_a_claim.ipynb", "deadline_s": 30.0, "cell_deadline_s": None}
    longer = order | {"deadline_s": 60.0}
    first, second = (
        make_run(manifest={"planned": [each]}, limits=None) for each in (order, longer)
    )
    assert first.conditions != second.conditions


def test_local_stacks_are_one_target() -> None:
    """Their ports, keys, folders and names differ each time; their other settings count."""
    again = LOCAL | {
        "name": "local stack run-99999999", "API_URL": "http://127.0.0.1:52002",
        "SENTRY_DSN": "http://169c90de4483441b@127.0.0.1:52003/1",
        "LOG_SOURCE": "/x/run-99999999/logs",
    }  # fmt: skip
    first, second = (make_run(manifest={"target": each}) for each in (LOCAL, again))
    assert (first.target, first.conditions) == ("local stack", second.conditions)
    slower = make_run(manifest={"target": LOCAL | {"SCHEDULE_CANARY_S": "60"}})
    assert slower.conditions != first.conditions
