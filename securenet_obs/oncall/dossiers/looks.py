"""Runs the look of a runbook through the runner, and reads its outputs up to the decision table.

A run without a confirmation acts on nothing. It needs neither Celery nor Redis: a look that cannot
reach them ends, and its reason is part of the dossier.
"""

import html
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from securenet_obs.errors import SecureNetObsError
from securenet_obs.oncall.dossiers.choice import choose_parameters
from securenet_obs.oncall.shown import STEP_MIME
from securenet_obs.runner.command import Command
from securenet_obs.runner.console.progress import PlainLines
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import Target

DEADLINE_S = 60.0
"""Seconds of a look."""

MAX_RUNS = 30
"""Number of evidence folders of looks that are kept, the newest ones."""

_PASSED = ("passed", "failed")
"""Verdicts of a look that came to its end: it fails while a step is open."""

_COMMAND = re.compile(r"(securenet-obs [^\n]+)")

_PROBES = {
    "REDIS_URL": "securenet-obs probe redis",
    "RESULT_URL": "securenet-obs probe redis",
    "DATABASE_URL": "securenet-obs probe store",
}
"""Variable that the reason of a failed look names -> the command that probes this part."""


@dataclass(frozen=True)
class Look:
    """The outcome of a look.

    Attributes:
        runbook: name of the runbook.
        title: its title.
        command: the command that repeats it.
        applying: findings of the rows that apply.
        problem: why the look did not come to its end; empty if it did.
        outputs: HTML of its outputs, up to the decision table.
        steps: commands of the steps that a person takes.
    """

    runbook: str
    title: str
    command: str
    applying: tuple[str, ...] = ()
    problem: str = ""
    outputs: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()

    @property
    def next_command(self) -> str:
        """The command for the engineer: a probe's, a step's, or that of the runbook's dry run."""
        return self.probe or [*self.steps, self.command][0]

    @property
    def probe(self) -> str:
        """The command that probes the part without which the look failed; empty if unknown."""
        found = (command for variable, command in _PROBES.items() if variable in self.problem)
        return next(found, "")


@dataclass(frozen=True)
class Looker:
    """Runs looks on one target.

    Args:
        root: project folder with the runbooks.
        runs: folder of the evidence of looks.
        target: the target.
        stop: ends a look once it is set.
        warm: socket of a warm server; empty to start each kernel cold.
    """

    root: Path
    runs: Path
    target: Target
    stop: Stop
    warm: str = ""

    def look(self, name: str, facts: Mapping[str, str]) -> Look:
        """Run the look of a runbook, with the parameters that the alert's labels name."""
        command = f"securenet-obs run {name}"
        try:
            notebook = find(self.root, name)
            parameters = choose_parameters(notebook, facts)
            command = " ".join([command, *(f"-p {each}" for each in parameters)])
            order = order_for(notebook, parameters, DEADLINE_S)
            silent = PlainLines(Console(quiet=True))
            runner = Command(self.target, self.runs, silent, warm=self.warm, stop=self.stop)
            outcome = runner.run([order], "oncall")
            (run,) = outcome.runs
            reason = str((run.judged or {}).get("reason", ""))
            cells = _read_cells(outcome.folder / f"{name}.ipynb")
        except (SecureNetObsError, OSError) as error:
            return Look(name, name, command, problem=str(error))
        finally:
            self._remove_old_runs()
        verdict = outcome.verdict.value
        seen = [*_until_decision(cells)]
        is_decided = any(STEP_MIME in data and "rows" in data[STEP_MIME] for data in seen)
        problem = "" if verdict in _PASSED and is_decided else f"{verdict}: {reason}"
        return Look(
            name,
            notebook.title,
            command,
            tuple(_list_applying(seen)),
            problem,
            tuple(map(_render, seen)),
            tuple(_list_steps(seen)),
        )

    def _remove_old_runs(self) -> None:
        folders = sorted(path for path in self.runs.glob("*/") if path.is_dir())
        for folder in folders[:-MAX_RUNS]:
            shutil.rmtree(folder, ignore_errors=True)


Data = Mapping[str, Any]
"""An output: MIME type -> its content."""


def _read_cells(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def _until_decision(cells: Sequence[Mapping[str, Any]]) -> Iterator[Data]:
    """Yield the outputs of cells up to the decision table, or to the first error."""
    for output in (each for cell in cells for each in cell.get("outputs", ())):
        if output["output_type"] == "error":
            yield {"text/plain": f"{output['ename']}: {output['evalue']}"}
            return
        if data := output.get("data", {}):
            yield data
        if "rows" in data.get(STEP_MIME, {}):
            return


def _list_applying(seen: Sequence[Data]) -> Iterator[str]:
    for data in seen:
        rows = data.get(STEP_MIME, {}).get("rows", ())
        yield from (row["finding"] for row in rows if row["applies"])


def _list_steps(seen: Sequence[Data]) -> Iterator[str]:
    """Yield the commands in the steps of rows that apply, as the table's text has them."""
    for data in seen:
        if "rows" in data.get(STEP_MIME, {}):
            yield from _COMMAND.findall(_join(data.get("text/plain", "")))


def _render(data: Data) -> str:
    """Return an output as HTML; its own HTML is that of our tables, which escape their values."""
    if image := data.get("image/png"):
        return f'<img alt="plot" src="data:image/png;base64,{_join(image).strip()}">'
    if markup := data.get("text/html"):
        return _join(markup)
    return f"<pre>{html.escape(_join(data.get('text/plain', '')))}</pre>"


def _join(text: str | Sequence[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
