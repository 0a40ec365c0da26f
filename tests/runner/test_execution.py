"""Real runs: the verdict of each fault, the end of all processes, and the evidence that is kept."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from securenet_obs.runner.child import spawn, supervision
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.runner.record.runs import CommandRecord
from tests.busy import room_for, stretch
from tests.waiting import events_in, journal_at_cell

CHECKED = (
    "from securenet_obs.checks import Checks\n"
    "checks = Checks()\n"
    "checks.expect('one is one', expected=1, observed=1)"
)
FAILING = CHECKED.replace("expected=1", "expected=2") + "\nchecks.conclude()"
UNREACHABLE = "from securenet_obs.errors import UnreachableError\nraise UnreachableError('gone')"

# name -> cells, verdict, cell, options of the run
RUNS: dict[str, tuple[list[str], str, int | None, dict[str, Any]]] = {
    "all_is_well": ([CHECKED, "checks.conclude()"], "passed", None, {}),
    "a_check_fails": ([FAILING], "failed", 1, {}),
    "a_check_fails_quietly": ([CHECKED.replace("expected=1", "expected=2")], "failed", 1, {}),
    "an_error": (["1", CHECKED, "1 / 0", "2"], "error", 3, {}),
    "unreachable": (["1", UNREACHABLE], "unreachable", 2, {}),
    "no_check": (["1"], "error", None, {}),
    "only_skipped": (
        [CHECKED.replace("expect(", "skip(").replace("expected=1, observed=1", "reason='x'")],
        "error", None, {},
    ),
    "a_shell_line_fails": ([CHECKED, "!false", "1"], "error", 2, {}),
    "a_captured_shell_line_fails": ([CHECKED, "x = !false", "1"], "error", 2, {}),
    "a_shell_line_works": (
        [CHECKED, "!true\nx = !echo yes\nassert x == ['yes']"], "passed", None, {},
    ),
    "leaves_early": ([CHECKED, "import sys; sys.exit(0)", "1"], "error", 2, {}),
    "a_cell_takes_too_long": (
        [CHECKED, "import time; time.sleep(60)"], "timeout", 2, {"cell_deadline_s": 1.0},
    ),
    "the_run_takes_too_long": (
        ["import time", *["time.sleep(1.5)"] * 40], "timeout", None, {"deadline_s": 4.5},
    ),
    "the_kernel_kills_itself": (
        ["import os, signal", "os.kill(os.getpid(), signal.SIGKILL)", "1"], "kernel_died", 2, {},
    ),
    "the_kernel_leaves": ([CHECKED, "import os; os._exit(0)", "1"], "kernel_died", 2, {}),
    "ignores_sigint": (
        ["import signal, time\n"
         "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})\n"
         "time.sleep(60)"],
        "timeout", 1, {"cell_deadline_s": 1.0},
    ),
    "swallows_interrupts": (
        ["import time\nwhile True:\n    try: time.sleep(60)\n    except KeyboardInterrupt: pass"],
        "timeout", 1, {"cell_deadline_s": 1.0},
    ),
    "a_flood_of_text": ([CHECKED, "print('x' * 100_000_000)", "print('y')"], "passed", None, {}),
    "terminal_escapes_and_broken_utf8": (
        [CHECKED,
         "import os\nprint('\\x1b[31mred\\x1b]0;title\\x07\\x00\\x08')\n"
         "os.write(1, b'\\xff\\xfe\\xc3')\nprint('\\udcff')",
         "raise ValueError('\\x1b[2J\\x00 bad \\udcff')"],
        "error", 3, {},
    ),
    "deletes_its_folder": (
        [CHECKED, "import os, shutil; shutil.rmtree(os.getcwd())", "1"], "passed", None, {},
    ),
    "closes_its_outputs": ([CHECKED, "import os; os.closerange(0, 3)", "1"], "passed", None, {}),
}  # fmt: skip


WAYS = pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])


OF_PROCESSES = [
    "all_is_well",
    "a_cell_takes_too_long",
    "the_kernel_kills_itself",
    "the_kernel_leaves",
    "ignores_sigint",
    "closes_its_outputs",
]
"""Runs with a verdict that depends on starting, watching and ending processes: cold ones differ."""


@pytest.mark.parametrize(
    ("name", "cold"),
    [(name, False) for name in RUNS]
    + [pytest.param(name, True, marks=pytest.mark.slow) for name in OF_PROCESSES],
    ids=lambda value: ("cold" if value else "warm") if isinstance(value, bool) else value,
)
def test_each_fault_has_its_verdict(
    name: str, cold: bool, write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Each fault yields its verdict and the cell that decided it.

    Outputs and errors of a cell are judged by the same code from the same messages, warm or cold;
    a cold kernel and its child are started, watched and killed in another way, and have streams of
    their own, so those are tested cold, too.
    """
    cells, verdict, cell, deadlines = RUNS[name]
    path = write_notebook(*cells, name=name)
    # A kernel that is held may hit a deadline in a cell before the one that takes too long.
    for longer in (1, 4, 16) if cell and deadlines else (1,):
        options = {which: longer * stretch(seconds) for which, seconds in deadlines.items()}
        outcome = execute(path, cold=cold, **options)
        (record,) = outcome.runs
        assert record.judged is not None
        if record.judged["cell"] == cell:
            break
    assert (str(outcome.verdict), record.judged["verdict"]) == (verdict, verdict), record.judged
    if cell is not None:
        assert record.judged["cell"] == cell
    assert not outcome.unwritable
    json.loads((outcome.folder / f"{name}.ipynb").read_text())
    assert (outcome.folder / f"{name}.html").stat().st_size < 10_000_000
    assert _survivors(outcome.folder.name) == []


ESCAPES = [
    "subprocess.Popen(['sleep', LONG])",
    "subprocess.Popen(['sleep', LONG], start_new_session=True)",
    "subprocess.Popen(f'setsid sleep {LONG} & disown', shell=True, executable='/bin/bash')",
    "subprocess.Popen(['env', '-i', 'setsid', 'sleep', LONG])",
    "os.setsid(), os.fork() and os._exit(0), os.execlp('sleep', 'sleep', LONG)",
]


def _survivors(mark: str) -> list[psutil.Process]:
    def is_marked(process: psutil.Process) -> bool:
        try:
            return any(value.startswith(mark) for value in process.environ().values())
        except psutil.Error:
            return False

    return [process for process in psutil.process_iter() if is_marked(process)]


def test_a_check_that_was_declared_and_never_judged_is_failed(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """A declared check without a judgement fails the run, and the reason names the check."""
    outcome = execute(write_notebook(CHECKED, checks=["one is one", "two is two"]))
    assert outcome.verdict == "failed"
    assert outcome.runs[0].judged is not None
    assert "two is two" in outcome.runs[0].judged["reason"]


HARDEST = ESCAPES[-2:]
"""Escapes that cannot be found by session, environment or parent."""


@pytest.mark.parametrize(
    ("escape", "end", "cold"),
    [
        *((escape, "1", False) for escape in ESCAPES),
        *((escape, "1", True) for escape in HARDEST),
        *((escape, "time.sleep(60)", False) for escape in HARDEST),
        *((escape, "os.kill(os.getpid(), 9)", False) for escape in HARDEST),
    ],
)
def test_nothing_that_a_kernel_starts_survives_it(
    escape: str,
    end: str,
    cold: bool,
    write_notebook: Callable[..., Path],
    execute: Callable[..., Outcome],
) -> None:
    """Children, daemons and processes with a cleared environment end with the run.

    Every end of a run ends its processes by one call: each escape is tested with an ordinary end,
    and the two that are hardest to find with every other end.
    """
    seconds = f"{uuid.uuid4().int % 10**9 + 10**6}"
    if "fork" in escape:
        escape = f"if os.fork() == 0:\n    {escape}"
    cells = [f"import os, subprocess, time\nLONG = '{seconds}'", escape, "time.sleep(0.3)", end]
    execute(write_notebook(*cells), plain=True, cell_deadline_s=1.0, cold=cold)
    assert [row for row in psutil.process_iter(["cmdline"]) if seconds in str(row.info)] == []


@pytest.mark.slow
def test_a_stopped_child_is_killed_at_its_deadline(
    write_notebook: Callable[..., Path],
    execute: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stopped child with a stopped kernel is killed, and does not hold up the command."""
    monkeypatch.setattr(supervision, "GRACE_PERIOD_S", 1.0)
    monkeypatch.setattr(spawn, "TERMINATION_TIMEOUT_S", 1.0)
    stop = "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nos.kill(os.getpid(), 19)"
    path = write_notebook("1", stop)
    # A run that is held may hit its deadline before the cell that stops it.
    for deadline_s in (stretch(4.0), 16.0):
        started = time.monotonic()
        outcome = execute(path, plain=True, deadline_s=deadline_s, cold=True)
        assert outcome.runs[0].judged is not None
        if outcome.runs[0].judged["cell"] == 2:
            break
    assert outcome.verdict == "timeout"
    assert outcome.runs[0].judged["cell"] == 2
    assert time.monotonic() - started < room_for(14)


@pytest.mark.slow
def test_no_output_is_lost_however_far_the_reader_is_behind(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """A stopped reader gets all of 8,000 messages; ZeroMQ by default drops those beyond 1,000."""
    cell = (
        "import os, signal, time\n"
        "publish = get_ipython().display_pub.publish\n"
        "os.kill(os.getppid(), signal.SIGSTOP)\n"
        "for i in range(8_000): publish({'text/plain': 'x' * 100})\n"
        "time.sleep(0.5)\n"
        "os.kill(os.getppid(), signal.SIGCONT)"
    )
    outcome = execute(write_notebook(cell), plain=True, cold=True)
    assert outcome.verdict == "passed"
    assert outcome.runs[0].finished[1]["output_bytes"] == 800_000


@WAYS
def test_the_kernel_is_this_interpreter_over_sockets_in_a_private_folder(
    cold: bool, write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """A kernel runs on this interpreter, whatever kernels are installed, and opens no port."""
    cell = (
        "import json, os, sys\n"
        "from ipykernel.connect import get_connection_info\n"
        "info = get_connection_info(unpack=True)\n"
        "folder = os.stat(os.path.dirname(info['ip']))\n"
        "print(json.dumps([sys.executable, info['transport'], folder.st_mode & 0o077]))"
    )
    outcome = execute(write_notebook(cell), plain=True, cold=cold)
    document = json.loads((outcome.folder / "a_claim.ipynb").read_text())
    description = json.loads(document["cells"][-1]["outputs"][0]["text"])
    assert description == [sys.executable, "ipc", 0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_the_run_and_keep_the_evidence(
    number: signal.Signals, write_notebook: Callable[..., Path], tmp_path: Path, server: str
) -> None:
    """The command exits with 130, `interrupted` at the right cell, and its evidence is closed."""
    path = write_notebook("1", "import time; time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-m", "securenet_obs", "run", path, "--plain"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env=os.environ | {SOCKET: server},
    )
    log = journal_at_cell(tmp_path / "evidence", 2)
    process.send_signal(number)
    process.communicate(timeout=240)
    assert process.returncode == 130
    (record,) = CommandRecord().fold(events_in(log)).runs
    assert record.judged is not None
    assert (record.judged["verdict"], record.judged["cell"]) == ("interrupted", 2)
    assert (log.parent / "run.json").exists()
    assert _survivors(log.parent.name) == []
