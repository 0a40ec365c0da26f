"""The runbook for a tenant's question leads from a request to its event, and exports both."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.drills.incidents import Proof
from securenet_obs.drills.incidents.faults.failed_requests import REQUEST_ID, fail_in_task
from securenet_obs.runner.evidence.folder import verify
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack
from securenet_obs.stack.local_stack import TENANTS


def test_it_exports_the_timeline(prove_runbook: Callable[[str], Proof]) -> None:
    """Its row applies alone, and the confirmed export is verified."""
    proof = prove_runbook("request-failed-in-its-task")
    assert (proof.problem, proof.outcome) == ("", "passed")


def test_without_an_id_there_is_nothing_to_do(run_notebook: Callable[..., Any]) -> None:
    """No row applies, and no action is offered."""
    done = run_notebook("tenant_asks_what_happened")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text


@pytest.mark.slow
def test_the_export_leads_from_the_request_to_its_event(
    stack: LocalStack, run_notebook: Callable[..., Any], tmp_path: Path
) -> None:
    """Log, result and Sentry of the real stack are in it, and nothing of the tenant beside it."""
    with fail_in_task(stack):
        look = run_notebook("tenant_asks_what_happened", f"request_id={REQUEST_ID}")
        (digest,) = set(re.findall(r"confirm=([0-9a-f]+)", look.text))
        done = run_notebook(
            "tenant_asks_what_happened", f"request_id={REQUEST_ID}", f"confirm={digest}"
        )
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    (path,) = (tmp_path / "evidence").glob("2*/timeline-*.json")
    document = json.loads(path.read_text())
    entries = document["entries"]
    assert document["tenant"] == TENANTS[1]
    assert {entry["source"] for entry in entries} == {"log", "result", "Sentry"}
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    events = {entry["event_id"] for entry in entries if entry["source"] == "Sentry"}
    failed = {entry["event_id"] for entry in entries if entry["event"] == "task_failed"}
    assert failed
    assert failed <= events
    assert TENANTS[2] not in path.read_text()
    assert verify(path.parent) == []
