"""Finishes a run: judges it, journals the verdict, writes banner and HTML page of its notebook."""

import json
from pathlib import Path
from typing import Any

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.comparison.comparing import NOT_COMPARED, compare_with_green
from securenet_obs.runner.comparison.target_name import name_target
from securenet_obs.runner.evidence.banner import banner
from securenet_obs.runner.evidence.document import annotate
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.evidence.rendering import render
from securenet_obs.runner.evidence.saving import save, save_notebook
from securenet_obs.runner.notebook.preparation import number_of
from securenet_obs.runner.record.verdict import Judgement, Verdict, judge, worst


def judge_run(folder: EvidenceFolder, run: str) -> Judgement:
    """Judge a run by its record; evidence that could not be written makes it an error."""
    record = folder.run(run)
    if folder.unwritable:
        return Judgement(Verdict.ERROR, record.cell, folder.unwritable)
    return judge(record)


def finish(
    folder: EvidenceFolder, run: str, judgement: Judgement, seconds: float, warm: str
) -> Judgement:
    """Journal a run's verdict and write its notebook's banner and HTML page.

    Args:
        folder: the run's evidence folder.
        run: name of the run.
        judgement: verdict, cell and reason of the run.
        seconds: duration of the run.
        warm: socket of a warm server that renders the page; empty to render it in this process.

    Returns:
        The final judgement: an error if the run's notebook or page could not be written.
    """
    problem = _documents(folder, run, judgement, seconds, warm)
    if problem:
        folder.note("unwritable", run=run, reason=problem)
        judgement = _in_doubt(judgement, problem)
        # The existing banner states the earlier verdict; perhaps only the page has failed.
        _documents(folder, run, judgement, seconds, None)
    else:
        folder.note("saved", run=run)
    return judgement


def compare_here(
    folder: EvidenceFolder, run: str, judgement: Judgement, seconds: float
) -> Judgement:
    """Compare a failing run of another machine with its last green run here.

    Returns:
        The judgement, as by `finish`: the changes are in the notebook's banner and on its page.
    """
    if judgement.verdict in NOT_COMPARED:
        return judgement
    compared = _compare(folder, run, judgement, folder.path / f"{run}.ipynb")
    if compared["last_green"] is None:
        return judgement
    folder.note("compared", run=run, **compared)
    return finish(folder, run, judgement, seconds, warm="")


def _in_doubt(judgement: Judgement, problem: str) -> Judgement:
    """Return the judgement of a run with incomplete evidence."""
    before = f"{judgement.verdict}: {judgement.reason}".rstrip(": ")
    verdict = worst([judgement.verdict, Verdict.ERROR])
    return Judgement(verdict, judgement.cell, f"{problem} (the run itself: {before})")


def _documents(
    folder: EvidenceFolder, run: str, judgement: Judgement, seconds: float, warm: str | None
) -> str:
    """Journal the verdict, write the run's notebook and page; return the error, empty if none.

    Args:
        folder: the run's evidence folder.
        run: name of the run.
        judgement: verdict, cell and reason of the run.
        seconds: duration of the run.
        warm: as in `finish`; None to write the notebook only.
    """
    judged = {"verdict": judgement.verdict, "cell": judgement.cell, "reason": judgement.reason}
    folder.note("judged", run=run, **judged, seconds=round(seconds, 3))
    path = folder.path / f"{run}.ipynb"
    if judgement.verdict not in NOT_COMPARED and not folder.run(run).compared_with_green:
        folder.note("compared", run=run, **_compare(folder, run, judgement, path))
    try:
        title = _write_notebook(folder, path, run, judgement, seconds)
        if title is not None and warm is not None:
            save(path.with_suffix(".html"), render(title, path, warm), folder.masker)
    except EvidenceError as error:
        if isinstance(error.__cause__, OSError):
            folder.fail(error)
        return str(error)
    except Exception as error:  # noqa: BLE001
        # The run may have left anything in its notebook.
        return f"{path}: cannot be finished: {type(error).__name__}: {error}"
    return ""


def _compare(folder: EvidenceFolder, run: str, judgement: Judgement, path: Path) -> dict[str, Any]:
    """Return the comparison of a failing run with its last green run, or the reason without one."""
    command = folder.record()
    try:
        return compare_with_green(
            folder.path,
            command.run(run),
            judgement,
            target=name_target(command.opened.get("target") or {}),
            source=_source_of(path, judgement.cell),
        )
    except Exception as error:  # noqa: BLE001
        # Earlier evidence may hold anything; the verdict of this run does not depend on it.
        reason = f"cannot be compared: {type(error).__name__}: {error}"
        return {"last_green": None, "changes_since_green": [], "not_compared": {"all": reason}}


def _source_of(path: Path, number: int | None) -> str:
    """Return the source of a cell of a run's notebook; empty if it cannot be read."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
    except (OSError, ValueError, LookupError, RecursionError):
        return ""
    wanted = (cell for cell in cells if number is not None and number_of(cell) == number)
    return "".join(next((cell["source"] for cell in wanted), ""))


def _write_notebook(
    folder: EvidenceFolder, path: Path, run: str, judgement: Judgement, seconds: float
) -> str | None:
    """Add the banner to an executed notebook; return its name, None if the run was skipped.

    Raises:
        EvidenceError: the notebook cannot be read or written.
    """
    command = folder.record()
    record = command.run(run)
    if record.skipped:
        # A skipped run has no notebook: nothing was executed.
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EvidenceError(f"{path}: cannot be read: {error}") from None
    text = banner(record, judgement, seconds=seconds, opened=command.opened)
    save_notebook(path, annotate(document, record, judgement, text), folder.masker)
    return str(record.started["notebook"])
