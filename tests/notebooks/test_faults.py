"""Checks of the validations are seen red: a fault is put into the real stack and judged.

These tests rehearse a fault of three kinds; `make doubt`, which CI runs, rehearses all.
"""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from securenet_obs.drills import ValidationRunner
from securenet_obs.drills.doubt import KNOWN_FAULTS, rehearse
from securenet_obs.drills.doubt.parts import break_part
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack
from tests.notebooks.runs import Run

SENTRY = "01_sentry_receives_errors"
LOGS = "02_logs_are_structured_json"
CELERY = "03_celery_round_trips_tasks"
QUERY = "SELECT tenant_id FROM processed_batches"
REHEARSED = [
    "keys-evicted",
    pytest.param("worker-stopped", marks=pytest.mark.slow),
    pytest.param("lines-of-another-shape", marks=pytest.mark.slow),
]
"""A setting of Redis, a part that is gone, and a change of a part's program."""


@pytest.mark.parametrize("name", REHEARSED)
def test_a_fault_turns_its_checks_red_and_no_other(
    name: str, stack: LocalStack, run_validation: ValidationRunner
) -> None:
    """A fault fails exactly the checks that cover it."""
    found = rehearse([KNOWN_FAULTS[name]], stack, run_validation)
    assert found
    assert [row.problem for row in found if row.problem] == []


@pytest.mark.slow
def test_logs_that_are_written_elsewhere_are_noticed(stack: LocalStack, run_notebook: Run) -> None:
    """A log source without the API's lines is not taken for an API without errors."""
    source = f"log_source={stack.environment['LOG_SOURCE']}/[bw]*.log"
    done = run_notebook(LOGS, "deadline_s=2", source)
    assert done.red == {
        "API, worker and beat write to the log source",
        "uvicorn and celery write JSON too",
        "a request can be followed from the API to its task",
    }


@pytest.mark.slow
def test_a_field_that_vanishes_since_the_last_green_run_is_noticed(
    tmp_path: Path, stack_cache: Path, run_notebook: Run
) -> None:
    """The first run has no baseline; after it the API drops a field, beside its older lines.

    The stack is the test's own: other tests' lines change how certain the loss of a field is.
    """
    check = "no log field vanished or changed its type"
    with LocalStack("drift", tmp_path, cache=stack_cache) as stack:
        first = run_notebook(LOGS, environment=stack.environment)
        assert (first.verdict, first.red) == (Verdict.PASSED, set())
        assert "no earlier green run on this target" in first.text
        with break_part(stack, "api", changes=["lines.drop_field"]):
            done = run_notebook(LOGS, environment=stack.environment)
    assert done.red == {"every line has the required fields", check}
    assert "request_finished.release vanished" in done.text
    first = done.changes[0]
    assert (first["kind"], first["what"]) == ("log schema", "request_finished.release")


@pytest.mark.slow
def test_a_dsn_of_another_project_is_noticed(stack: LocalStack, run_notebook: Run) -> None:
    """An event that a different Sentry project accepted counts as missing."""
    elsewhere = {"SENTRY_DSN": another_dsn(stack)}
    done = run_notebook(SENTRY, "deadline_s=5", environment=elsewhere)
    assert done.verdict == Verdict.FAILED
    assert done.red == {"every raised error arrived"}


@pytest.mark.slow
def test_bugsink_stopped_is_unreachable(stack: LocalStack, run_notebook: Run) -> None:
    """An unresponsive backend has another verdict than a missing event."""
    stack.stop_part("bugsink")
    try:
        done = run_notebook(SENTRY, "deadline_s=2")
    finally:
        stack.start_part("bugsink")
    assert done.verdict == Verdict.UNREACHABLE


@pytest.mark.slow
def test_the_three_tasks_count_their_batch_for_their_tenant(
    stack: LocalStack, run_notebook: Run
) -> None:
    """The batch counts for its tenant, not for `unassigned`, which keeps a count for ever."""
    before = batches(stack)
    assert run_notebook(CELERY, "tenant_id=tenant-of-a-test").verdict == Verdict.PASSED
    assert batches(stack) - before == Counter({"tenant-of-a-test": 1})


def batches(stack: LocalStack) -> Counter[str]:
    """Return the number of counted batches by tenant."""
    store = stack.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(store)) as connection:
        return Counter(row[0] for row in connection.execute(QUERY))


def another_dsn(stack: LocalStack) -> str:
    """Return the DSN of a second project on the stack's own Bugsink."""
    headers = {"Authorization": f"Bearer {stack.environment['SENTRY_AUTH_TOKEN']}"}
    url = f"{stack.environment['SENTRY_URL']}/api/canonical/0/projects/"
    with httpx.Client(headers=headers, trust_env=False) as client:
        team = client.get(url).json()["results"][0]["team"]
        project = client.post(url, json={"team": team, "name": f"other {time.time_ns()}"}).json()
        dsn: str = client.get(f"{url}{project['id']}/").json()["dsn"]
    assert urlsplit(dsn).path != urlsplit(stack.environment["SENTRY_DSN"]).path
    return dsn
