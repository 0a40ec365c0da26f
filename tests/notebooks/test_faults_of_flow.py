"""Faults that span all parts: correlation ids, secrets, and isolation of tenants."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.redaction import RULES
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack
from tests.notebooks.faults import (
    FAULTY,
    BrokenPart,
    Fault,
    Run,
    by_part,
    expect_red,
    fresh_logs,
)

PROJECT = Path(__file__).parents[2]
TRACE = "04_one_trace_end_to_end"
SECRETS = "05_secrets_stay_out"
TENANTS = "06_tenants_stay_apart"

TRANSACTIONS = {
    "every hop has a transaction",
    "every task is linked to its sender",
    "every transaction has spans",
}
UNTRACED = {"SENTRY_TRACES_SAMPLE_RATE": "0"}
LOST = {"every hop carries the request id", "every hop carries the tenant"}
FAULTS = {
    "a task keeps the ids from its child": Fault(
        TRACE, "worker", {*LOST, "both events carry the same ids"}, faults="ids_stay_behind"
    ),
    "the API keeps the ids from its task": Fault(
        TRACE, "api", {*LOST, "both events carry the same ids"}, faults="ids_stay_behind"
    ),
    "the API keeps the trace from its task": Fault(
        TRACE,
        "api",
        {"every hop carries the trace id", "both events carry the same ids", *TRANSACTIONS},
        faults="trace_stays_behind",
        parameters=["deadline_s=5"],
    ),
    "an API that does not trace": Fault(
        TRACE, "api", TRANSACTIONS, environment=UNTRACED, parameters=["deadline_s=5"]
    ),
    "a worker that does not trace": Fault(
        TRACE, "worker", TRANSACTIONS, environment=UNTRACED, parameters=["deadline_s=5"]
    ),
    "a worker without the integration": Fault(
        TRACE,
        "worker",
        {"every hop carries the trace id", "both events carry the same ids", *TRANSACTIONS},
        faults="tasks_not_integrated",
        parameters=["deadline_s=5"],
    ),
    "an API that drops spans": Fault(
        TRACE,
        "api",
        TRANSACTIONS - {"every hop has a transaction"},
        faults="spans_dropped",
    ),
    "a relay that loses transactions": Fault(
        TRACE, "relay", TRANSACTIONS, faults="transactions_lost", parameters=["deadline_s=5"]
    ),
    "a worker that logs errors only": Fault(
        TRACE,
        "worker",
        {
            "every hop has a log line",
            "both errors arrived in Sentry",
            "only the child's event names a task",
        },
        environment={"LOG_LEVEL": "ERROR"},
        parameters=["deadline_s=3"],
    ),
    "scrubbing of events off, and input repeated": Fault(
        SECRETS,
        "api",
        {"no secret is in a stored Sentry event", "no secret is in an API response"},
        faults="scrubbing_off,input_repeated",
    ),
    "scrubbing of lines off, and results as they are": Fault(
        SECRETS,
        "worker",
        {"no secret is in a log line", "no secret is in Redis"},
        faults="log_scrubbing_off,results_as_they_are",
    ),
    "the API logs somewhere else": Fault(
        SECRETS,
        "",
        {"every sink was searched"},
        parameters=["deadline_s=2", "log_source={logs}/beat.log"],
    ),
    "nobody asks for keys": Fault(
        TENANTS,
        "api",
        {"the API refuses access to another tenant", "every refusal is logged"},
        faults="keys_unchecked",
        parameters=["deadline_s=5", "rounds=2"],
    ),
    "a refusal that tells, and keys in the log": Fault(
        TENANTS,
        "api",
        {"a refusal does not reveal whether a task exists", "no API key is logged"},
        faults="revealing_refusal,keys_written",
    ),
    "a cache without a tenant": Fault(
        TENANTS,
        "worker",
        {"no log line mixes tenants", "no error event mixes tenants", "no result mixes tenants"},
        faults="canaries_kept",
    ),
    "one request after another": Fault(
        TENANTS,
        "",
        {"both tenants were served at the same time"},
        parameters=["at_once=1", "rounds=2"],
    ),
}

EVIDENCE = "no secret is in this run's evidence"


@pytest.mark.parametrize("fault", by_part(FAULTS))
def test_a_fault_turns_its_checks_red_and_no_other(
    fault: Fault, stack: LocalStack, broken: BrokenPart, run_notebook: Run
) -> None:
    """A fault fails exactly the checks that cover it."""
    expect_red(fault, stack, broken, run_notebook)


@pytest.mark.parametrize("notebook", [TRACE, SECRETS, TENANTS])
def test_every_check_has_a_fault(notebook: str) -> None:
    """Every declared check has a fault, since a check that cannot fail is a defect."""
    red = {name for fault in FAULTS.values() if fault.notebook == notebook for name in fault.red}
    # The evidence belongs to the runner and has its own test.
    assert red == set(find(PROJECT, notebook).declared.checks) - {EVIDENCE}


def test_without_a_fault_no_secret_is_in_the_evidence(run_notebook: Run) -> None:
    """The same stack passes without a fault, with the check that papermill skips."""
    done = run_notebook(SECRETS)
    assert (done.verdict, done.red) == (Verdict.PASSED, set())


def test_evidence_that_is_not_masked_is_noticed(tmp_path: Path, run_notebook: Run) -> None:
    """A run searches its own evidence for secrets before it ends."""
    start = f"import sys; sys.path.append({str(FAULTY.parent)!r}); import faulty"
    (tmp_path / "sitecustomize.py").write_text(f"{start}; faulty.masking_off()\n")
    done = run_notebook(SECRETS, environment={"PYTHONPATH": str(tmp_path)}, cold=True)
    assert (done.verdict, done.red) == (Verdict.FAILED, {EVIDENCE})


@pytest.fixture(scope="module")
def rule_away(
    stack: LocalStack, broken: BrokenPart, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """Yield the file that names the rules to disable in API and worker; empty disables none."""
    broken.repair()
    file = tmp_path_factory.mktemp("rules") / "away"
    file.write_text("")
    environment = {"RULES_AWAY": str(file)}
    for part in ("api", "worker"):
        module = stack.parts[part].command[2:]
        command = [sys.executable, str(FAULTY), "rules_away", *module]
        stack.restart_part(part, environment, command)
    yield file
    for part in ("api", "worker"):
        stack.restart_part(part)


# Many rules share a name, such as those of vendors' keys, and are disabled together.
NAMES = list(dict.fromkeys(rule.name for rule in RULES if not rule.pii))
AT_ONCE = 25
GROUPS = [NAMES[start : start + AT_ONCE] for start in range(0, len(NAMES), AT_ONCE)]


@pytest.mark.parametrize("rules", GROUPS, ids=lambda rules: f"{rules[0]}-{rules[-1]}")
def test_without_any_one_rule_secrets_are_seen(
    rules: list[str], rule_away: Path, stack: LocalStack, run_notebook: Run
) -> None:
    """Each disabled redaction rule is noticed and named.

    Several rules are disabled at once, which is no easier: no rule masks the specimens of another,
    as the tests of the specimens prove for each rule.
    """
    rule_away.write_text(" ".join(rules))
    with fresh_logs(stack):
        done = run_notebook(SECRETS)
    assert done.verdict == Verdict.FAILED
    assert done.red == {
        "no secret is in a stored Sentry event",
        "no secret is in a log line",
        "no secret is in Redis",
    }
    named = [
        rule for rule in rules if re.search(rf"observed[^\n]*\b{re.escape(rule)}\b", done.text)
    ]
    assert named == rules
