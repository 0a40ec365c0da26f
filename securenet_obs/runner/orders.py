"""Makes a command's orders: to run a notebook, to validate a project, to resume a command."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from securenet_obs.errors import NotebookNotFoundError, ParametersError
from securenet_obs.redaction import MASK
from securenet_obs.runner.evidence.closing import close_orphans
from securenet_obs.runner.evidence.folder import read_manifest
from securenet_obs.runner.notebook.catalog import (
    Notebook,
    find,
    find_all,
    none_below,
    read_notebook,
)
from securenet_obs.runner.notebook.parameters.resolved import resolved_assignments
from securenet_obs.runner.notebook.preparation import prepare
from securenet_obs.runner.record.order import Order
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.runner.working_folder import working_folder

TENANT = "tenant_id"
"""Name of the parameter that is a tenant."""


def plan_of(order: Order) -> dict[str, Any]:
    """Return the fields from which a later command can recreate the order."""
    return {
        "path": str(order.notebook.path.absolute()),
        "plain": order.notebook.declared.kind == "plain",
        "assignments": list(order.assignments),
        "deadline_s": order.deadline_s,
        "cell_deadline_s": order.cell_deadline_s,
        "cwd": None if order.folder is None else str(order.folder),
    }


def order_for(
    notebook: Notebook,
    assignments: Sequence[str] = (),
    deadline_s: float | None = None,
    cell_deadline_s: float | None = None,
    cwd: Path | None = None,
) -> Order:
    """Return the order for a notebook with `name=value` assignments.

    Args:
        notebook: notebook to run.
        assignments: its parameters.
        deadline_s: seconds for the run; by default the notebook's own deadline.
        cell_deadline_s: seconds for a cell; by default the notebook's own deadline.
        cwd: working folder of the kernel; by default the folder of a foreign notebook's file, or
            a scratch folder for one of ours.

    Raises:
        ParametersError: some parameters are wrong; the message names every problem.
        SettingsError: the kernel cannot work in that folder.
    """
    values = notebook.schema.parse(assignments)
    prepared = prepare(notebook, values)
    if cwd is None and notebook.declared.kind == "plain":
        cwd = notebook.path.parent
    folder = None if cwd is None else working_folder(cwd)
    resolved = resolved_assignments(assignments, values)
    return Order(notebook, prepared, resolved, deadline_s, cell_deadline_s, folder)


def orders_to_validate(
    root: Path,
    names: Sequence[str] = (),
    deadline_s: float | None = None,
    cell_deadline_s: float | None = None,
    cwd: Path | None = None,
    tenants: Sequence[str] = (),
) -> list[Order]:
    """Return the orders for all validations of a project, or for those named.

    Args:
        root: the project.
        names: names of its validations; by default all.
        deadline_s: as in `order_for`.
        cell_deadline_s: as in `order_for`.
        cwd: as in `order_for`.
        tenants: a notebook with the parameter `tenant_id` is run for each of them.

    Raises:
        NotebookNotFoundError: the project has no validations, or not of that name.
        NotebookError: a notebook is broken.
        SettingsError: the kernel cannot work in `cwd`.
    """
    notebooks = [find(root, name) for name in names] or [
        notebook for notebook in find_all(root) if notebook.declared.kind == "validation"
    ]
    if not notebooks:
        raise NotebookNotFoundError(none_below(root, "validations"))
    return [
        order_for(notebook, assignments, deadline_s, cell_deadline_s, cwd)
        for notebook in notebooks
        for assignments in _for_each(notebook, tenants)
    ]


def _for_each(notebook: Notebook, tenants: Sequence[str]) -> list[list[str]]:
    """Return the assignments of each order for a notebook."""
    has_tenant = any(row.name == TENANT for row in notebook.schema.parameters)
    return [[f"{TENANT}={tenant}"] for tenant in tenants] if tenants and has_tenant else [[]]


def orders_to_resume(evidence: Path, run: str) -> list[Order]:
    """Return the unchanged orders of an earlier command that neither passed nor were skipped.

    Args:
        evidence: folder that contains the evidence folders.
        run: name of the command's evidence folder there, or a path to one.

    Raises:
        EvidenceError: the folder is not a closed evidence folder.
        NotebookError: a notebook is gone or broken, or a parameter was masked in the evidence.
    """
    folder = Path(run) if Path(run).is_dir() else evidence / run
    close_orphans(folder.parent)
    manifest = read_manifest(folder)
    return [_order_again(row) for row in _not_done(manifest["planned"], manifest["runs"])]


def _not_done(
    planned: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """Yield the planned runs that neither passed nor were skipped.

    A notebook may be planned several times, for several tenants: each run counts for one of them.
    """
    done = Counter(
        _identity(str(Path(row["path"]).absolute()), row.get("assignments", ()))
        for row in runs
        if row["verdict"] in (Verdict.PASSED, Verdict.SKIPPED)
    )
    for row in planned:
        identity = _identity(row["path"], row["assignments"])
        if done[identity] > 0:
            done[identity] -= 1
        else:
            yield row


def _identity(path: str, assignments: Sequence[str]) -> tuple[str, ...]:
    return (path, *assignments)


def _order_again(planned: Mapping[str, Any]) -> Order:
    if any(MASK in text for text in planned["assignments"]):
        raise ParametersError(f"{planned['path']}: a parameter was masked; give it again with run")
    notebook = read_notebook(Path(planned["path"]), plain=planned["plain"])
    deadlines = planned["deadline_s"], planned["cell_deadline_s"]
    cwd = Path(planned["cwd"]) if planned.get("cwd") else None
    return order_for(notebook, planned["assignments"], *deadlines, cwd)
