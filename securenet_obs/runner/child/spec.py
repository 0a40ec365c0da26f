"""The specification of a run for its child process, as a file that only its owner can read."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from securenet_obs.runner.notebook.parameters.secret import Secret

UNWRITABLE = 74
"""Exit status of a child whose evidence could not be written (EX_IOERR)."""

LOG = "kernel.log"
"""Log file of the kernel's process, in the scratch folder."""


@dataclass(frozen=True)
class Spec:
    """The specification of one run of one prepared notebook.

    Attributes:
        run: the run's name, unique in its evidence folder.
        notebook: path of the prepared notebook to execute.
        output: path of the executed notebook, in the evidence folder.
        journal: path of the journal to append to.
        scratch: private folder for the connection file, the sockets and the kernel's log.
        working_folder: working folder of the kernel.
        ends_at: the run's deadline, as a value of `time.monotonic()`.
        deadline_s: the run's deadline in seconds, for the sentence that names it.
        cell_deadline_s: seconds a cell may take.
        secrets: references of the secrets to mask.
        compared: parameters to read back: expected description and recorded value of each.
        warm: socket of a warm server, empty to start a kernel cold.
    """

    run: str
    notebook: str
    output: str
    journal: str
    scratch: str
    working_folder: str
    ends_at: float
    deadline_s: float
    cell_deadline_s: float
    secrets: tuple[str, ...] = ()
    compared: dict[str, tuple[str, Any]] = field(default_factory=dict)
    warm: str = ""

    def write(self, path: Path) -> None:
        """Write the spec to a file."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file)

    @classmethod
    def read(cls, path: Path) -> "Spec":
        """Read a spec from a file."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        compared = {name: tuple(pair) for name, pair in fields["compared"].items()}
        return cls(**fields | {"secrets": tuple(fields["secrets"]), "compared": compared})

    def references(self) -> list[Secret]:
        """Return the references as `Secret` objects."""
        return [Secret(text) for text in self.secrets]
