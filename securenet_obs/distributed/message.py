"""The message of a run: an order as JSON, and the order again in a worker with its own files."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from securenet_obs.errors import NotebookError, ParametersError, SettingsError
from securenet_obs.redaction import MASK
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.notebook.parameters.json_values import as_text
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.record.order import Order
from securenet_obs.runner.target import Target

SAME = ("ENVIRONMENT", "SENTRY_ORG", "SENTRY_PROJECT")
"""Settings that the caller's target and the worker's must have in common, where both have them."""


@dataclass(frozen=True)
class Message:
    """One run of one notebook, without secrets: Redis and its backups keep messages.

    Attributes:
        command: id of the command.
        run: id of the run, which is that of its task.
        notebook: path below the project's root.
        digest: SHA-256 of the notebook's file; the worker's own must be the same.
        assignments: parameters as `name=value`; secrets are references.
        target: name of the target's env file in the worker's folder; empty for its own variables.
        facts: some of the target's settings, to compare.
        due_at: Unix seconds after which the run is not started any more.
        several: whether the caller has other targets in the same queue; a worker that knows them
            by its own variables alone would take itself for each of them.
    """

    command: str
    run: str
    notebook: str
    digest: str
    assignments: list[str]
    deadline_s: float | None
    cell_deadline_s: float | None
    target: str
    facts: dict[str, str] = field(default_factory=dict)
    due_at: float = 0.0
    several: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the message as a task's argument."""
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Message":
        """Return the message of a task's argument.

        Raises:
            SettingsError: it is that of another release.
        """
        try:
            return cls(**data)
        except TypeError as error:
            raise SettingsError(
                "The message of the run is not one of the worker's release; deploy the same "
                "release for the caller and the workers."
            ) from error

    def identity(self, order: Order) -> str:
        """Return what must not run twice at once: the notebook with the values of its parameters.

        A value that is given as it is by default, or spelled otherwise, is the same.
        """
        values = as_text(order.prepared.values)
        return json.dumps([self.notebook, values], sort_keys=True, default=str)

    def order(self, root: Path) -> Order:
        """Return the order for this worker's own copy of the notebook.

        Raises:
            NotebookError: the worker has no such notebook, or another version of it.
            ParametersError: a parameter is refused.
        """
        path = (root / self.notebook).resolve()
        if not path.is_relative_to(root.resolve()):
            raise NotebookError(f"{self.notebook}: not below the worker's root")
        notebook = read_notebook(path)
        if file_digest(path) != self.digest:
            raise NotebookError(
                f"{self.notebook}: the worker has another version of it; deploy the same release "
                "for the caller and the workers."
            )
        return order_for(notebook, self.assignments, self.deadline_s, self.cell_deadline_s)


def message_of(
    order: Order,
    root: Path,
    target: Target,
    command: str,
    run: str,
    due_at: float,
    *,
    several: bool = False,
) -> Message:
    """Return the message of an order.

    Raises:
        NotebookError: the notebook is outside of the project's root.
        ParametersError: a parameter holds a secret.
        SettingsError: a working folder was chosen, which the worker does not have.
    """
    path = order.notebook.path.resolve()
    if not path.is_relative_to(root.resolve()):
        raise NotebookError(f"{path}: workers have only the notebooks below {root.resolve()}.")
    if order.folder is not None:
        raise SettingsError("--cwd names a folder of this machine; a worker does not have it.")
    masker = Masker()
    if any(MASK in masker.text(text) for text in order.assignments):
        raise ParametersError(
            f"{order.notebook.name}: a parameter looks like a secret, and messages are stored. "
            "Give a reference, such as secret:NAME."
        )
    return Message(
        command=command,
        run=run,
        notebook=path.relative_to(root.resolve()).as_posix(),
        digest=file_digest(path),
        assignments=list(order.assignments),
        deadline_s=order.deadline_s,
        cell_deadline_s=order.cell_deadline_s,
        target=target_name(target),
        facts={name: target.environment[name] for name in SAME if target.environment.get(name)},
        due_at=due_at,
        several=several,
    )


def target_name(target: Target) -> str:
    """Return the name by which workers know a target: that of its env file; empty without one."""
    path = Path(target.name)
    return path.stem if path.is_file() else ""


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
