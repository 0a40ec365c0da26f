"""A fleet for tests: a project, a shared place, and workers that each have a user and a folder."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.presence import living_workers
from securenet_obs.settings import Settings
from securenet_obs.stack.parts.validation import build_validation_command
from tests.distributed.users import as_user
from tests.waiting import eventually

FIRST_USER = 23_401
"""User id of the first worker; nobody else has these ids."""

SLEEP = """from pathlib import Path
import os, time
first = Path({flag!r})
if not first.exists():
    first.write_text(str(os.getuid()))
    time.sleep(100)"""
"""A cell that takes long where it runs for the first time, and notes its user."""

CHECK = (
    "from securenet_obs.checks import Checks\n"
    "checks = Checks()\n"
    "checks.expect('the value is one', expected=1, observed={observed})\n"
    "checks.conclude()"
)


@dataclass
class Fleet:
    """The parts of a fleet, and the command line of a caller."""

    broker: str
    folder: Path
    evidence: str = ""
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def place(self) -> Path:
        """The shared place, if it is a folder."""
        return self.folder / "shared"

    @property
    def targets(self) -> Path:
        """The folder of the targets that the workers know by name."""
        return self.folder / "targets"

    @property
    def client(self) -> Any:
        """A client of the fleet's Redis."""
        return connect(self.broker)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of callers and workers."""
        names = {name.upper() for name in Settings.model_fields}
        clean = {name: text for name, text in os.environ.items() if name not in names}
        return clean | {
            "REDIS_URL": self.broker,
            "VALIDATION_BROKER_URL": self.broker,
            "VALIDATION_EVIDENCE": self.evidence or self.place.as_uri(),
            "VALIDATION_TARGETS": str(self.targets),
        }

    def write_notebook(self, name: str, *cells: str, observed: int = 1, **declared: Any) -> None:
        """Write a validation of the project with these cells and one check."""
        document = v4.new_notebook()
        block = {"kind": "validation", "checks": ["the value is one"], **declared}
        document.metadata["securenet"] = block
        parameters = v4.new_code_cell('tenant_id: str = "t"', metadata={"tags": ["parameters"]})
        sources = [*cells, CHECK.format(observed=observed)]
        document.cells = [v4.new_markdown_cell("# A claim holds\n\nWhat."), parameters]
        document.cells += [v4.new_code_cell(source) for source in sources]
        path = self.folder / "notebooks" / f"{name}.ipynb"
        nbformat.write(document, path)
        path.chmod(0o644)

    def flag(self, name: str) -> Path:
        """Return the path of a file in a folder that every user may write."""
        folder = self.folder / "flags"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        return folder / name

    def worker_folder(self, number: int) -> Path:
        """Return the folder of a worker, which its user alone may enter."""
        return self.folder / f"worker-{number}"

    def start_worker(self, number: int, **variables: str) -> "subprocess.Popen[bytes]":
        """Start a worker as a user of its own, in a folder of its own, and wait for it."""
        user, own = FIRST_USER + number, self.worker_folder(number)
        own.mkdir(mode=0o700)
        os.chown(own, user, user)
        private = {"HOME": str(own), "TMPDIR": str(own), "USER": f"worker-{number}"}
        name = f"worker-{number}@test"
        command = build_validation_command(name)
        with (self.folder / f"worker-{number}.log").open("wb") as log:
            worker = subprocess.Popen(
                as_user(user, command, Path(tempfile.mkdtemp(dir=self.folder))),
                cwd=self.folder,
                env={**self.environment, **private, **variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.workers.append(worker)
        assert eventually(lambda: name in {row["name"] for row in living_workers(self.client)}, 60)
        return worker

    def replace_worker(self, number: int) -> None:
        """Start a worker in the place of a dead one; the folder of that one is left as it is."""
        self.worker_folder(number).rename(self.folder / f"dead-{number}")
        self.start_worker(number)
        self.workers[number - 1] = self.workers.pop()

    def command(self, *arguments: str, on: str = "celery") -> list[str]:
        """Return the command line of a caller."""
        where = ["--on", on] if on else []
        own = ["--root", str(self.folder), "--evidence", str(self.folder / "evidence")]
        return [sys.executable, "-m", "securenet_obs", "validate", *arguments, *where, *own]

    def call(
        self, *arguments: str, on: str = "celery", variables: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a caller to its end."""
        return subprocess.run(
            self.command(*arguments, on=on),
            cwd=self.folder,
            env=self.environment | dict(variables or {}),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def log(self, number: int) -> str:
        """Return the log of a worker."""
        return (self.folder / f"worker-{number}.log").read_text()


@contextmanager
def fleet(broker: str, workers: Sequence[int], evidence: str = "") -> Iterator[Fleet]:
    """Yield a fleet with these workers; they need a process that may change its user."""
    # Not below pytest's own folder, which no other user may enter.
    folder = Path(tempfile.mkdtemp(prefix="snobs-fleet-"))
    folder.chmod(0o755)
    (folder / "notebooks").mkdir()
    made = Fleet(broker, folder, evidence)
    made.targets.mkdir()
    made.place.mkdir()
    made.place.chmod(0o1777)
    try:
        for number in workers:
            made.start_worker(number)
        yield made
    finally:
        for worker in made.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        for worker in made.workers:
            try:
                worker.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
        shutil.rmtree(folder, ignore_errors=True)
