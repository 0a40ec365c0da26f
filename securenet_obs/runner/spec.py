"""What a run's child process is told, as a file that only its owner can read."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from securenet_obs.runner.secret import Secret

UNWRITABLE = 74
"""Exit status of a child whose evidence could not be written (EX_IOERR)."""

LOG = "kernel.log"
"""File in the scratch folder for what the kernel's process itself has to say."""


@dataclass(frozen=True)
class Spec:
    """One run of one prepared notebook.

    Attributes:
        run: the run's name, unique in its evidence folder.
        notebook: prepared notebook, to be executed.
        output: where the executed notebook belongs, in the evidence folder.
        journal: the journal to append to.
        scratch: private folder for the connection file, the sockets and the kernel's log.
        working_folder: where the kernel runs.
        ends_at: `time.monotonic()` at which the run's deadline is.
        deadline_s: the run's deadline, for the sentence that names it.
        cell_deadline_s: seconds a cell may take.
        secrets: references whose values must not be left behind.
        compared: parameters to read back: the description that each must have, and its record.
        warm: socket of a warm kernel server, empty to start a kernel cold.
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
        """Write the file."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file)

    @classmethod
    def read(cls, path: Path) -> "Spec":
        """Read the file."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        compared = {name: tuple(pair) for name, pair in fields["compared"].items()}
        return cls(**fields | {"secrets": tuple(fields["secrets"]), "compared": compared})

    def references(self) -> list[Secret]:
        """Return the references as secrets."""
        return [Secret(text) for text in self.secrets]
