"""Each check of each validation is seen red: a fault is put into the real stack and judged."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command
from tests.notebooks.faults import BrokenPart, Fault, Run, by_part, expect_red

PROJECT = Path(__file__).parents[2]
SENTRY = "01_sentry_receives_errors"
LOGS = "02_logs_are_structured_json"
CELERY = "03_celery_round_trips_tasks"
QUERY = "SELECT tenant_id FROM processed_batches"


ALL_TRIPS = {
    "the three tasks make the round trip",
    "the three tasks work for their tenant",
    "a canary on every queue is executed",
    "every canary makes the round trip",
    "the median round trip is within its limit",
    "results expire",
    "a failing task fails with its own error",
    "an unregistered task is reported",
}
FAULTS = {
    "another deployment's labels, and ids and stack trace lost": Fault(
        SENTRY,
        "api",
        {
            "every event has its environment",
            "every event has its release",
            "every event has its tenant",
            "events have the ids of request and task",
            "every stack trace ends at the function that raised",
        },
        faults="no_ids,no_stack_trace",
        environment={"ENVIRONMENT": "elsewhere", "SENTRY_RELEASE": "securenet@0.0.0"},
    ),
    "scrubbing off": Fault(
        SENTRY,
        "api",
        {"no event has the Authorization header", "no event has the planted secret"},
        faults="scrubbing_off",
    ),
    "every second error": Fault(SENTRY, "api", {"errors are not sampled"}, faults="errors_sampled"),
    "Sentry off in the worker": Fault(
        SENTRY,
        "worker",
        {
            "every raised error arrived",
            "events have the ids of request and task",
        },
        environment={"SENTRY_DSN": ""},
    ),
    "a plain-text line, a dropped field, and a clock that is off": Fault(
        LOGS,
        "api",
        {
            "every line is one strict JSON object",
            "every line has the required fields",
            "log timestamps match the wall clock",
        },
        faults="plain_text_line,dropped_field,clock_off_by_an_hour",
    ),
    "a local-time timestamp": Fault(
        LOGS,
        "api",
        {"every timestamp is UTC", "log timestamps match the wall clock"},
        faults="local_time",
    ),
    "a worker's clock that is a little ahead": Fault(
        LOGS,
        "worker",
        {"log timestamps match the wall clock"},
        faults="clock_off_by_five_seconds",
    ),
    "the API logs somewhere else": Fault(
        LOGS,
        "",
        {
            "API, worker and beat write to the log source",
            "uvicorn and celery write JSON too",
            "a request can be followed from the API to its task",
        },
        parameters=["deadline_s=2", "log_source={logs}/[bw]*.log"],
    ),
    "worker stopped": Fault(
        CELERY,
        "worker",
        {*ALL_TRIPS, "a pickled task is refused"},
        stopped=True,
        parameters=["deadline_s=1", "task_count=10"],
    ),
    "result backend off": Fault(
        CELERY,
        "worker",
        ALL_TRIPS,
        may_be_red={"a pickled task is refused"},
        environment={"RESULT_URL": "redis://127.0.0.1:1/0"},
        parameters=["deadline_s=1", "task_count=5"],
    ),
    "a queue that nobody consumes": Fault(
        CELERY,
        "worker",
        {
            "the three tasks make the round trip",
            "a canary on every queue is executed",
            "every canary makes the round trip",
        },
        command=build_worker_command(queues=("default", "scans", "models", "canary")),
        parameters=["deadline_s=3", "task_count=10"],
    ),
    "results for ever, pickles accepted, and the tenant ignored": Fault(
        CELERY,
        "worker",
        {
            "results expire",
            "a pickled task is refused",
            "the three tasks work for their tenant",
        },
        faults="count_results_without_ttl,pickles_accepted,tenant_ignored",
        # Celery itself requires this variable to let root accept pickles, as in a container.
        environment={"C_FORCE_ROOT": "true"},
    ),
    "a tick dated by a wrong clock": Fault(
        CELERY, "beat", {"beat ticks"}, faults="tick_in_the_future"
    ),
    "beat stopped": Fault(
        CELERY, "beat", {"beat ticks"}, stopped=True, parameters=["oldest_tick_s=0.5"]
    ),
}


@pytest.mark.parametrize("fault", by_part(FAULTS))
def test_a_fault_turns_its_checks_red_and_no_other(
    fault: Fault, stack: LocalStack, broken: BrokenPart, run_notebook: Run
) -> None:
    """A fault fails exactly the checks that cover it."""
    expect_red(fault, stack, broken, run_notebook)


@pytest.mark.parametrize("notebook", [SENTRY, LOGS, CELERY])
def test_every_check_has_a_fault(notebook: str) -> None:
    """Every declared check has a fault, since a check that cannot fail is a defect."""
    red = {name for fault in FAULTS.values() if fault.notebook == notebook for name in fault.red}
    assert red == set(find(PROJECT, notebook).declared.checks)


def test_a_dsn_of_another_project_is_noticed(stack: LocalStack, run_notebook: Run) -> None:
    """An event that a different Sentry project accepted counts as missing."""
    elsewhere = {"SENTRY_DSN": another_dsn(stack)}
    done = run_notebook(SENTRY, "deadline_s=5", environment=elsewhere)
    assert done.verdict == Verdict.FAILED
    assert done.red == {"every raised error arrived"}


def test_bugsink_stopped_is_unreachable(stack: LocalStack, run_notebook: Run) -> None:
    """An unresponsive backend has another verdict than a missing event."""
    stack.stop_part("bugsink")
    try:
        done = run_notebook(SENTRY, "deadline_s=2")
    finally:
        stack.start_part("bugsink")
    assert done.verdict == Verdict.UNREACHABLE


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
