"""One command of several runs: in parallel, exclusively, with retries, and resumed."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.command import Command, Outcome
from securenet_obs.runner.evidence.folder import read_manifest, verify
from securenet_obs.runner.execution import Execution
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.orders import order_for, orders_to_resume
from securenet_obs.runner.record.order import Order, Result
from securenet_obs.runner.record.verdict import Judgement, Verdict
from securenet_obs.runner.target import target_of
from tests.runner.conftest import CHECKED, RecordedProgress

INTERVAL = (
    "import json, os, time\n"
    "from pathlib import Path\n"
    "name, other, times = {!r}, {!r}, Path(os.environ['TIMES'])\n"
    "start = time.monotonic()\n"
    "times.with_name(name).touch()\n"
    # A busy machine may start the other one much later; without an overlap it never comes.
    "while other and not times.with_name(other).exists() and time.monotonic() - start < 20:\n"
    "    time.sleep(0.02)\n"
    "time.sleep(0.2)\n"
    "with times.open('a') as file:\n"
    "    file.write(json.dumps([name, start, time.monotonic()]) + '\\n')"
)
"""A cell that notes its start and end, and waits for the start of another notebook's."""


def intervals(path: Path) -> dict[str, tuple[float, float]]:
    """Return the start and end of each notebook's cell."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {name: (start, end) for name, start, end in rows}


def test_jobs_run_together_and_an_exclusive_notebook_alone(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """With two jobs two notebooks overlap; an exclusive one never overlaps."""
    pairs = ("a", "b"), ("b", "a")
    paths = [write_notebook(INTERVAL.format(*pair), name=pair[0]) for pair in pairs]
    alone = write_notebook(INTERVAL.format("alone", ""), name="alone", exclusive=True)
    # The target is this test's own, so that other tests do not hold its lock.
    environment = {"TIMES": str(tmp_path / "times"), "API_URL": f"http://{tmp_path.name}"}
    execute(alone, *paths, jobs=2, environment=environment)
    ran = intervals(tmp_path / "times")
    assert ran["a"][0] < ran["b"][1]
    assert ran["b"][0] < ran["a"][1]
    assert all(ran["alone"][0] > ran[name][1] for name in ("a", "b"))


def test_the_worst_verdict_of_several_counts_and_each_is_on_record(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """One folder holds every run; the command exits with the worst verdict."""
    outcome = execute(
        write_notebook("1", name="fine"), write_notebook("1 / 0", name="broken"), plain=True
    )
    assert str(outcome.verdict) == "error"
    manifest = read_manifest(outcome.folder)
    assert {row["run"]: row["verdict"] for row in manifest["runs"]} == {
        "fine": "passed", "broken": "error",
    }  # fmt: skip
    assert manifest["exit_code"] == 3


def test_a_pass_on_retry_is_reported_with_both_attempts(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """Without --retries it fails; with it, it is `passed on attempt 2`, and attempt 1 is kept."""
    flag = tmp_path / "flag"
    cell = f"import os\nif not os.path.exists({str(flag)!r}):\n    open({str(flag)!r}, 'w'); 1 / 0"
    path = write_notebook(cell)
    assert str(execute(path, plain=True).verdict) == "error"
    flag.unlink()
    outcome = execute(path, plain=True, retries=2)
    assert str(outcome.verdict) == "passed"
    assert {file.name for file in outcome.folder.glob("*.ipynb")} == {
        "a_claim.ipynb", "a_claim-attempt2.ipynb",
    }  # fmt: skip
    assert "passed on attempt 2" in (outcome.folder / "a_claim-attempt2.ipynb").read_text()
    assert [row["attempt"] for row in read_manifest(outcome.folder)["runs"]] == [1, 2]


def test_sixteen_runs_in_two_commands_at_once_leave_sixteen_right_records(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """Parallel runs and commands share no state, even if their notebooks have the same name."""
    cell = "import os\nos.makedirs('here')\nprint('only', {!r})"
    paths = [write_notebook(cell.format(str(n)), folder=f"f{n}") for n in range(16)]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(
            pool.map(lambda half: execute(*half, plain=True, jobs=8), (paths[:8], paths[8:]))
        )
    assert [str(outcome.verdict) for outcome in outcomes] == ["passed", "passed"]
    assert outcomes[0].folder != outcomes[1].folder
    for outcome, half in zip(outcomes, (paths[:8], paths[8:]), strict=True):
        runs = {row["run"]: row["path"] for row in read_manifest(outcome.folder)["runs"]}
        assert sorted(runs.values()) == sorted(map(str, half))
        for run, path in runs.items():
            text = (outcome.folder / f"{run}.ipynb").read_text()
            assert f"only {Path(path).parent.name[1:]}\\n" in text
        assert verify(outcome.folder) == []


def test_an_unwritable_evidence_folder_is_reported_at_the_start(
    write_notebook: Callable[..., Path], command_line: Callable[..., Any], tmp_path: Path
) -> None:
    """The command exits with 3 and one sentence, without starting a kernel."""
    (tmp_path / "evidence").write_text("a file is in the way")
    started = tmp_path / "started"
    path = write_notebook(f"open({str(started)!r}, 'w')")
    answer = command_line("run", path, "--plain", "--evidence", "evidence/below")
    assert answer.returncode == 3
    assert "evidence/below: cannot hold evidence" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not started.exists()


@pytest.mark.stack
@pytest.mark.parametrize("limit", [9_000, 3_000])
def test_a_disk_that_fills_up_half_way_is_an_error_and_the_journal_is_kept(
    limit: int, write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    """The command exits with 3 whichever file hits the limit, and keeps the journal."""
    cells = [f"print({number}, 'x' * 1500)" for number in range(8)]
    path = write_notebook(*cells)
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))\n"
        "from securenet_obs.cli import main\nmain(sys.argv[1:])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, "run", path, "--plain", "--cold"],
        cwd=tmp_path, env=os.environ,
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert answer.returncode == 3
    assert "cannot be written" in answer.stderr
    (log,) = tmp_path.glob("evidence/2*/journal.jsonl")
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()[:-1]]
    assert events[0] == "opened"
    assert not list(log.parent.glob(".*part"))


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_a_notebook_that_deletes_the_evidence_is_an_error(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], cold: bool
) -> None:
    """The run and all later runs have the verdict `error`, and the command has the reason."""
    delete = "import os, shutil\nshutil.rmtree(os.environ['SECURENET_OBS_EVIDENCE'])"
    paths = [write_notebook("1", delete, "2", name="01"), write_notebook("1", name="02")]
    outcome = execute(*paths, plain=True, cold=cold)
    assert str(outcome.verdict) == "error"
    assert "cannot be written" in outcome.unwritable
    judgements = [row.judged or {} for row in outcome.runs]
    assert [(row["verdict"], row["cell"]) for row in judgements] == [("error", 2), ("error", None)]
    assert not outcome.folder.exists()


def test_a_disk_that_is_all_but_full_is_refused_at_the_start(
    write_notebook: Callable[..., Path],
    execute: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Below 32 MB no run starts, the error has both figures, and no folder is left."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=31_999_999))
    with pytest.raises(EvidenceError, match="only 31 MB are free; evidence needs 32"):
        execute(write_notebook("1"), plain=True)
    assert list((tmp_path / "evidence").iterdir()) == []


def test_a_skipped_run_is_neither_retried_nor_resumed(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """A skipped run is final, because the target stays the same, and does not block the others."""
    skipped = write_notebook("1 / 0", name="09_drills", needs=["local-stack"])
    outcome = execute(skipped, write_notebook(CHECKED), retries=2)
    assert [str(row.judged["verdict"]) for row in outcome.runs if row.judged] == [
        "skipped", "passed",
    ]  # fmt: skip
    assert str(outcome.verdict) == "passed"
    assert not list(outcome.folder.glob("09_drills*"))
    assert orders_to_resume(tmp_path / "evidence", outcome.folder.name) == []


@dataclass
class Scripted(Execution):
    """An execution with these verdicts; a run that is interrupted is lost with its machine."""

    verdicts: list[Verdict] = field(kw_only=True)

    def run(self, order: Order, attempt: int = 1, first: str = "") -> Result:
        """Record the next verdict."""
        judgement = Judgement(self.verdicts.pop(0), None, "")
        run = self._open(order, attempt, first)
        result = self._finished(run, order, attempt, time.monotonic(), judgement)
        return replace(result, is_lost=judgement.verdict == Verdict.INTERRUPTED)


def test_a_run_that_is_lost_takes_no_retry(
    write_notebook: Callable[..., Path], listener: RecordedProgress, tmp_path: Path
) -> None:
    """Its machine died; the notebook has had no try of its own."""
    verdicts = [Verdict.INTERRUPTED, Verdict.FAILED, Verdict.INTERRUPTED, Verdict.PASSED]
    command = Command(
        target_of("a test", {}),
        tmp_path / "evidence",
        listener,
        retries=1,
        execution=lambda folder, _: Scripted(
            folder, command.target, listener, command.stop, verdicts=verdicts
        ),
    )
    outcome = command.run([order_for(read_notebook(write_notebook("1"), plain=True))])
    assert (str(outcome.verdict), verdicts) == ("passed", [])
    assert [row["attempt"] for row in outcome.manifest["runs"]] == [1, 2, 3, 4]


ODD_OUTPUTS = {
    "svg": "{'image/svg+xml': 5}",
    "mermaid": "{'text/vnd.mermaid': 5}",
    "widget": "{'application/vnd.jupyter.widget-view+json': 5}",
    "surrogate": "{'text/html': '\\ud800'}",
    "deep": "{'application/json': deep}",
    "latex": "{'text/latex': '$\\\\frac{'}",
}
DEEP = "deep = 0\nfor _ in range(300): deep = [deep]\nfrom IPython.display import display\n"


def test_outputs_that_cannot_be_shown_leave_closed_evidence(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Each run is passed or an error with a reason, and the folder verifies."""
    paths = [
        write_notebook(f"{DEEP}display({data}, raw=True)", name=name)
        for name, data in ODD_OUTPUTS.items()
    ]
    outcome = execute(*paths, plain=True)
    assert verify(outcome.folder) == []
    manifest = read_manifest(outcome.folder)
    verdicts = {row["run"]: row["verdict"] for row in manifest["runs"]}
    assert verdicts.keys() == ODD_OUTPUTS.keys()
    assert (verdicts["latex"], verdicts["surrogate"]) == ("passed", "passed")
    for row in manifest["runs"]:
        assert row["verdict"] == "error" or (outcome.folder / f"{row['run']}.html").exists()
        assert row["verdict"] == "passed" or row["reason"]


def raising(error: BaseException) -> Callable[..., None]:
    """Return a function that raises the error."""

    def fail(*_: object) -> None:
        raise error

    return fail


def test_an_error_of_the_runner_is_a_verdict(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], listener: Any
) -> None:
    """The run is an error, its traceback is in the journal, and the other runs are judged."""
    listener.cell = raising(ValueError("odd"))
    outcome = execute(*(write_notebook("1", name=name) for name in "ab"), plain=True)
    assert str(outcome.verdict) == "error"
    manifest = read_manifest(outcome.folder)
    for row in manifest["runs"]:
        assert row["reason"] == "the runner failed: ValueError: odd"
    assert len(manifest["runs"]) == 2
    assert "Traceback" in (outcome.folder / "journal.jsonl").read_text()
    assert verify(outcome.folder) == []


@pytest.mark.parametrize("method", ["started", "cell"])
def test_a_command_that_is_broken_into_leaves_closed_evidence(
    method: str,
    write_notebook: Callable[..., Path],
    execute: Callable[..., Outcome],
    listener: Any,
    tmp_path: Path,
) -> None:
    """An interruption reaches the caller after the folder was closed."""
    setattr(listener, method, raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        execute(write_notebook("1"), plain=True, evidence=tmp_path / "e")
    (folder,) = (tmp_path / "e").iterdir()
    manifest = read_manifest(folder)
    assert (manifest["verdict"], manifest["runs"][0]["verdict"]) == ("interrupted", "interrupted")
    assert verify(folder) == []
