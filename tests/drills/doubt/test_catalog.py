"""The catalogue of known faults names real checks, and every check can fail."""

import inspect
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from securenet_obs.drills.catalog import DRILLS
from securenet_obs.drills.doubt import FAULTS, KNOWN_FAULTS, changes
from securenet_obs.drills.incidents import INCIDENTS
from securenet_obs.runner.notebook.catalog import find, find_all

PROJECT = Path(__file__).parents[3]
NOTEBOOKS = sorted(
    notebook.name for notebook in find_all(PROJECT) if notebook.declared.kind == "validation"
)
ELSEWHERE = {
    "API, worker and beat write to the log source": "test_faults.py",
    "uvicorn and celery write JSON too": "test_faults.py",
    "a request can be followed from the API to its task": "test_faults.py",
    "no log field vanished or changed its type": "test_faults.py",
    "every sink was searched": "test_faults_of_flow.py",
    "no secret is in this run's evidence": "test_faults_of_flow.py",
    "both tenants were served at the same time": "test_faults_of_flow.py",
    "queues and results have separate databases": "test_faults_of_broker.py",
    "the clocks agree": "test_faults_of_broker.py",
    "no task is missing": "test_faults_of_ledger.py",
    "the result database knows every end": "test_faults_of_ledger.py",
    "no event is missing": "test_faults_of_ledger.py",
}
"""Check -> the test of the notebooks that turns it red, since no broken part does."""

OF_DRILLS = "09_the_stack_survives_faults"


@pytest.mark.parametrize("notebook", [name for name in NOTEBOOKS if name != OF_DRILLS])
def test_every_check_has_a_fault(notebook: str) -> None:
    """A check that cannot fail is a defect."""
    alarms = [alarm for fault in KNOWN_FAULTS.values() for alarm in fault.alarms]
    red = {check for alarm in alarms if alarm.notebook == notebook for check in alarm.checks}
    declared = set(find(PROJECT, notebook).declared.checks)
    assert red - declared == set()
    for check in declared - red:
        assert check in (PROJECT / "tests" / "notebooks" / ELSEWHERE[check]).read_text()


def test_no_fault_hides_another() -> None:
    """Names are unique over subjects, drills and incidents."""
    assert len(FAULTS) == len(KNOWN_FAULTS) + len(DRILLS) + len(INCIDENTS)


def test_every_change_is_used_by_a_fault() -> None:
    """A change without a fault would never be made."""
    used = {
        name
        for fault in KNOWN_FAULTS.values()
        for name in getattr(fault.hold, "keywords", {}).get("changes", ())
    } | {"redaction.without_rules"}
    functions = {
        f"{module.name}.{name}"
        for module in iter_modules(changes.__path__)
        if module.name != "program"
        for name, value in vars(import_module(f"{changes.__name__}.{module.name}")).items()
        if inspect.isfunction(value)
        and not name.startswith("_")
        and value.__module__.startswith(changes.__name__)
    }
    assert used == functions
