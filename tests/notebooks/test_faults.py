"""Each check of each validation is seen red: a fault is put into the real stack and judged."""

import time
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


ALL_TRIPS = {
    "the three tasks make the round trip",
    "a canary on every queue is executed",
    "every canary makes the round trip",
    "the median round trip is within its limit",
    "results expire",
    "a failing task fails with its own error",
    "an unregistered task is reported",
}
FAULTS = {
    "another deployment's labels": Fault(
        SENTRY,
        "api",
        {"every event names its environment", "every event names its release"},
        environment={"ENVIRONMENT": "elsewhere", "SENTRY_RELEASE": "securenet@0.0.0"},
    ),
    "ids and stack trace lost": Fault(
        SENTRY,
        "api",
        {
            "every event carries its tenant",
            "request and task can be found from their events",
            "every event has a stack trace down to the line that raised",
        },
        faults="no_ids,no_stack_trace",
    ),
    "scrubbing off": Fault(
        SENTRY,
        "api",
        {"the Authorization header is in no event", "the planted secret is in no event"},
        faults="scrubbing_off",
    ),
    "every second error": Fault(
        SENTRY, "api", {"the error rate is not that of traces"}, faults="errors_sampled"
    ),
    "Sentry off in the worker": Fault(
        SENTRY,
        "worker",
        {
            "every error that was raised arrived",
            "request and task can be found from their events",
        },
        environment={"SENTRY_DSN": ""},
    ),
    "a plain-text line and a dropped field": Fault(
        LOGS,
        "api",
        {"every line is one strict JSON object", "every line carries the required fields"},
        faults="plain_text_line,dropped_field",
    ),
    "a local-time timestamp": Fault(
        LOGS,
        "api",
        {"every timestamp is UTC", "the clock of the lines is the clock of the world"},
        faults="local_time",
    ),
    "a clock that is off": Fault(
        LOGS,
        "api",
        {"the clock of the lines is the clock of the world"},
        faults="clock_off_by_an_hour",
    ),
    "the API logs somewhere else": Fault(
        LOGS,
        "",
        {
            "API, worker and beat write to the same place",
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
    "results for ever and pickles accepted": Fault(
        CELERY,
        "worker",
        {"results expire", "a pickled task is refused"},
        faults="count_results_without_ttl,pickles_accepted",
        # Celery itself asks for this before root may accept pickles, as in a container it does.
        environment={"C_FORCE_ROOT": "true"},
    ),
    "beat stopped": Fault(
        CELERY, "beat", {"beat ticks"}, stopped=True, parameters=["oldest_tick_s=0.5"]
    ),
}


@pytest.mark.parametrize("fault", by_part(FAULTS))
def test_a_fault_turns_its_checks_red_and_no_other(
    fault: Fault, stack: LocalStack, broken: BrokenPart, run_notebook: Run
) -> None:
    """A check sees exactly what it is for."""
    expect_red(fault, stack, broken, run_notebook)


@pytest.mark.parametrize("notebook", [SENTRY, LOGS, CELERY])
def test_every_check_has_a_fault(notebook: str) -> None:
    """A check that cannot fail is a defect."""
    red = {name for fault in FAULTS.values() if fault.notebook == notebook for name in fault.red}
    assert red == set(find(PROJECT, notebook).declared.checks)


def test_a_dsn_of_another_project_is_noticed(stack: LocalStack, run_notebook: Run) -> None:
    """An event that Sentry accepted, but elsewhere, has not arrived."""
    elsewhere = {"SENTRY_DSN": another_dsn(stack)}
    done = run_notebook(SENTRY, "deadline_s=5", environment=elsewhere)
    assert done.verdict == Verdict.FAILED
    assert done.red == {"every error that was raised arrived"}


def test_bugsink_stopped_is_unreachable(stack: LocalStack, run_notebook: Run) -> None:
    """A backend that does not answer is another verdict than an event that is missing."""
    stack.stop_part("bugsink")
    try:
        done = run_notebook(SENTRY, "deadline_s=2")
    finally:
        stack.start_part("bugsink")
    assert done.verdict == Verdict.UNREACHABLE


@pytest.mark.parametrize("notebook", [SENTRY, LOGS, CELERY])
def test_without_a_fault_nothing_is_red(notebook: str, run_notebook: Run) -> None:
    """The same stack passes once every fault is out again."""
    done = run_notebook(notebook)
    assert (done.verdict, done.red) == (Verdict.PASSED, set())


def another_dsn(stack: LocalStack) -> str:
    """Return the DSN of a second project on the stack's own Bugsink."""
    headers = {"Authorization": f"Bearer {stack.environment['SENTRY_AUTH_TOKEN']}"}
    url = f"{stack.environment['SENTRY_URL']}/api/canonical/0/projects/"
    with httpx.Client(headers=headers, trust_env=False) as client:
        team = client.get(url).json()["results"][0]["team"]
        made = client.post(url, json={"team": team, "name": f"other {time.time_ns()}"}).json()
        dsn: str = client.get(f"{url}{made['id']}/").json()["dsn"]
    assert urlsplit(dsn).path != urlsplit(stack.environment["SENTRY_DSN"]).path
    return dsn
