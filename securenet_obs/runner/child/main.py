"""Program of a run's child process: executes one notebook, journals events, saves the notebook.

It is started as `python -m securenet_obs.runner.child.main SPEC` in its own process group. Its
parent waits for its end and kills the processes that it leaves (a warm server's attendant does the
same). Its standard input is a pipe from the command that started it: at the pipe's end, the run
ends. Its standard output repeats each journalled event, for the command's progress display.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from securenet_obs.errors import EvidenceError
from securenet_obs.processes.descendants import adopt_orphans, kill_descendants, run_guarded
from securenet_obs.runner.child.spec import UNWRITABLE, Spec
from securenet_obs.runner.evidence.masking import Masker, masker_for
from securenet_obs.runner.evidence.saving import save_notebook
from securenet_obs.runner.kernel.fast_exit import enable_fast_exit, run_main
from securenet_obs.runner.notebook import import_guard
from securenet_obs.runner.record.journal import Journal

import_guard.block_slow_imports()


class Reporter:
    """Journals a run's events and saves its notebook, masked."""

    def __init__(self, spec: Spec, masker: Masker) -> None:
        self.spec = spec
        self._masker = masker
        self._journal = Journal(Path(spec.journal))

    def event(self, event: str, **fields: Any) -> None:
        """Journal an event of this run and repeat it on standard output."""
        masked = self._masker.texts(fields)
        self._journal.append(event, run=self.spec.run, **masked)
        self._repeat(event, masked.get("cell"), masked.get("text"))

    def _repeat(self, event: str, cell: int | None, text: str | None) -> None:
        """Repeat an event: its name, and its text as JSON or the number of its cell."""
        rest = json.dumps(text) if text is not None else "" if cell is None else cell
        try:
            os.write(1, f"{event} {rest}\n".encode())
        except BrokenPipeError:
            # The command is gone; the thread that watches its pipe ends this process.
            return

    def save(self, notebook: Mapping[str, Any]) -> None:
        """Save the notebook in its current state."""
        save_notebook(Path(self.spec.output), notebook, self._masker, last=False)


def run(spec: Spec) -> int:
    """Execute the notebook of a spec; return the exit status for the process."""
    reporter = Reporter(spec, masker_for(os.environ, spec.references()))
    # Not at the top: papermill takes a third of a second to import, and only a run needs it.
    from securenet_obs.runner.child.engine import execute

    try:
        reporter.event("child_started", pid=os.getpid())
        execute(spec, reporter)
    except EvidenceError as error:
        print(error, file=sys.stderr)
        return UNWRITABLE
    finally:
        kill_descendants()
    return 0


def _end_with_command() -> None:
    """Wait until the command that started this run is gone, then end the run at once."""
    while os.read(0, 4096):
        pass
    _end(signal.SIGKILL)


def _end(signum: int) -> NoReturn:
    kill_descendants()
    os._exit(128 + signum)


def main(arguments: list[str]) -> int:
    """Execute the run of the spec file that the first argument names."""
    spec = Spec.read(Path(arguments[0]))
    adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda signum, _: _end(signum))
    threading.Thread(target=_end_with_command, daemon=True).start()
    return run(spec)


if __name__ == "__main__":
    enable_fast_exit()
    run_main(lambda arguments: run_guarded(lambda: main(arguments)), sys.argv[1:])
