"""Faults of the schedule: beat, the tasks that it sends, and the workers that run them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from securenet_obs.runner.notebook.catalog import find
from securenet_obs.stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command
from tests.notebooks.faults import BrokenPart, Fault, Run, by_part, expect_red

PROJECT = Path(__file__).parents[2]
SCHEDULE = "07_the_schedule_is_ticking"
CHECK_INS = "Sentry has the check-ins"
NOT_SENT = {"a due entry is sent", "every tenant's task is enqueued and runs"}
BRIEFLY = ("deadline_s=7",)

FAULTS = {
    "beat stopped": Fault(
        SCHEDULE,
        "beat",
        {*NOT_SENT, "beat ticks", CHECK_INS},
        stopped=True,
        parameters=("deadline_s=2", "oldest_tick_s=0.1"),
    ),
    "entries without a time, and overdue": Fault(
        SCHEDULE,
        "beat",
        {
            "a due entry is sent",
            "every entry has a last and a next time",
            "no entry is overdue",
        },
        may_be_red={"every tenant's task is enqueued and runs", CHECK_INS},
        faults="entries_overdue",
        parameters=("deadline_s=2",),
    ),
    "entries dated by a wrong clock": Fault(
        SCHEDULE,
        "beat",
        {*NOT_SENT, "every next time lies within its period", CHECK_INS},
        faults="last_times_in_the_future",
        parameters=("deadline_s=2",),
    ),
    # Last of beat: what it leaves in Redis would turn more checks of the others red.
    "an entry forgotten, a tick dated by a wrong clock, and no check-ins": Fault(
        SCHEDULE,
        "beat",
        {"every entry of this release is scheduled", "beat ticks", CHECK_INS},
        faults="entry_forgotten,tick_in_the_future,not_checked_in",
        parameters=BRIEFLY,
    ),
    "no tenant found": Fault(
        SCHEDULE,
        "worker",
        {"every tenant's task is enqueued and runs"},
        faults="no_tenant_dispatched",
        parameters=BRIEFLY,
    ),
    "a queue that nobody consumes": Fault(
        SCHEDULE,
        "worker",
        {"every tenant's task is enqueued and runs"},
        command=build_worker_command(queues=("default", "scans", "models", "logs")),
        parameters=BRIEFLY,
    ),
}


@pytest.mark.parametrize("fault", by_part(FAULTS))
def test_a_fault_turns_its_checks_red_and_no_other(
    fault: Fault, stack: LocalStack, broken: BrokenPart, run_notebook: Run
) -> None:
    """A fault fails exactly the checks that cover it."""
    expect_red(fault, stack, broken, run_notebook)


def test_every_check_has_a_fault() -> None:
    """Every declared check has a fault, since a check that cannot fail is a defect."""
    red = {name for fault in FAULTS.values() for name in fault.red}
    assert red == set(find(PROJECT, SCHEDULE).declared.checks)


@pytest.fixture
def sentry(stack: LocalStack) -> Iterator[tuple[dict[str, str], list[dict[str, str]]]]:
    """Yield variables of a fake Sentry, and its check-ins; a real one is not available here."""
    check_ins: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(check_ins).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        variables = {"SENTRY_BACKEND": "sentry", "SENTRY_URL": url, "SENTRY_ORG": "securenet"}
        yield variables | {"SENTRY_PROJECT": "api", "SENTRY_AUTH_TOKEN": "a-token"}, check_ins
        server.shutdown()


@pytest.mark.parametrize("status", ["missed", "ok"])
def test_a_schedule_that_sentry_misses_is_noticed(
    status: str, sentry: tuple[dict[str, str], list[dict[str, str]]], run_notebook: Run
) -> None:
    """The first check-in since the beginning counts."""
    environment, check_ins = sentry
    later, now = ("2100-01-01T00:00:00Z", "2099-01-01T00:00:00Z")
    check_ins += [{"status": "ok", "dateCreated": later}, {"status": status, "dateCreated": now}]
    done = run_notebook(SCHEDULE, *BRIEFLY, environment=environment)
    assert done.red == ({CHECK_INS} if status == "missed" else set())
