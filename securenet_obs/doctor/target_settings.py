"""Diagnoses of a target's settings: refused values, and variables that notebooks need."""

from collections.abc import Iterator, Sequence

from securenet_obs.doctor.diagnosis import Diagnosis
from securenet_obs.runner.notebook.catalog import Notebook
from securenet_obs.runner.notebook.needs import NEEDS
from securenet_obs.runner.notebook.parameters.json_values import secrets_in
from securenet_obs.runner.preflight import Demand, find_problems, skip_reason
from securenet_obs.runner.target import Target


def examine_settings(target: Target, notebooks: Sequence[Notebook]) -> Iterator[Diagnosis]:
    """Diagnose each problem of a target's variables, and each notebook that it cannot serve.

    Args:
        target: the target; nothing is connected.
        notebooks: the notebooks that are to run against it.
    """
    problems = find_problems([_demand(notebook) for notebook in notebooks], target)
    for problem in problems:
        place = f"{target.name}:{problem.line}" if problem.line else target.name
        remedy = f"edit {place}" if problem.line else _set(problem.name, target)
        yield Diagnosis(problem.name or place, "missing", problem.sentence, place, remedy)
    if not problems:
        yield Diagnosis("settings", "ok", f"{target.name} has what the notebooks need", "notebooks")
    skipped = {notebook.name: skip_reason(notebook.declared, target) for notebook in notebooks}
    for reason in dict.fromkeys(filter(None, skipped.values())):
        names = ", ".join(name for name, each in skipped.items() if each == reason)
        yield Diagnosis("skipped", "optional", reason, names, _serve(reason))


def _set(variable: str, target: Target) -> str:
    """Return the step that sets a variable of a target."""
    if target.name == "environment":
        return f"export {variable}=..."
    return f"add {variable}=... to {target.name}"


def _demand(notebook: Notebook) -> Demand:
    declared = notebook.declared
    secrets = [secret.name for secret in secrets_in(notebook.schema.effective({}))]
    return Demand(notebook.name, declared.needs, declared.optional_needs, secrets)


def _serve(reason: str) -> str:
    """Return the step that lets a target serve the needs of a reason."""
    steps = {
        "diagnostics": "set DIAGNOSTICS_ENABLED=true and DIAGNOSTICS_KEY",
        "transactions": "set SENTRY_RELAY_URL",
        "check-ins": "set SENTRY_RELAY_URL",
        "local-stack": "securenet-obs validate --local",
    }
    found = [step for need, step in steps.items() if NEEDS[need].reason in reason]
    return "; ".join(dict.fromkeys(found))
