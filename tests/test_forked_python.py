"""A forked program behaves like a started one: every test that runs programs relies on it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forked_python import ForkedPython

PROGRAMS = {
    "streams": "import sys; print('out', sys.stdin.read()); print('err', file=sys.stderr)",
    "no newline at the end, unflushed": "import sys; sys.stdout.write('x')",
    "a status": "raise SystemExit(7)",
    "a status that is a text": "raise SystemExit('why')",
    "an error": "def fail():\n    try:\n        {}['a']\n    finally:\n        1 / 0\nfail()",
    "a group of errors": "raise ExceptionGroup('g', [ValueError('v')])",
    "a syntax error": "1 +",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "its exit": "import os; print('lost'); os._exit(3)",
    "ends in order": """
import atexit, sys, threading
hooked = threading.Event()
def hook(kind, error, trace):
    print(kind, sys.exc_info(), trace.tb_frame.f_code)
    hooked.set()
sys.excepthook = hook
atexit.register(print, "at exit")
threading.Thread(target=lambda: (hooked.wait(), print("thread"))).start()
class Kept:
    def __del__(self): print("deleted")
kept = Kept()
1 / 0
""",
    "a child of its own": """
import os, sys
if os.fork() == 0:
    print("child"); sys.exit(0)
print(os.wait()[1], "parent")
""",
    "its surroundings": """
import gc, logging, os, signal, sys, threading
print(__name__, __builtins__, sys.argv, sys.path, os.getcwd(), os.environ)
print([(number, signal.getsignal(number)) for number in sorted(signal.valid_signals())])
print(sys.flags, sys.excepthook, sys.stdout, sys.stdin.isatty(), sys.stderr.line_buffering)
print(threading.enumerate()[0].name, len(threading.enumerate()), logging.getLogger().handlers)
print(gc.isenabled(), gc.get_threshold(), os.listdir("/dev/fd"), os.getpgid(0), os.umask(0))
print([name for name in sys.modules if name.startswith(("securenet_obs", "tests"))])
""",
    "warnings": """
import warnings
warnings.warn("shown"); warnings.warn("hidden", DeprecationWarning, stacklevel=9)
""",
}


@pytest.fixture(scope="module")
def own() -> Iterator[ForkedPython]:
    """Yield a runner with a server that has run no program yet."""
    python = ForkedPython()
    yield python
    python.close()


def started(arguments: list[str], folder: Path, **variables: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env={**os.environ, **variables},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, without_addresses(done.stdout), without_addresses(done.stderr)


def forked(
    python: ForkedPython, arguments: list[str], folder: Path, **variables: str
) -> tuple[int, str, str]:
    done = python.run(arguments, cwd=folder, env={**os.environ, **variables})
    return done.returncode, without_addresses(done.stdout), without_addresses(done.stderr)


def without_addresses(text: str) -> str:
    return re.sub(r"0x[0-9a-f]+", "0x", text)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_is_the_same_forked_and_started(
    own: ForkedPython, program: str, tmp_path: Path
) -> None:
    """Status, output, order of its end, traceback and surroundings are equal."""
    arguments = ["-c", program, "first", "-x"]
    assert forked(own, arguments, tmp_path, A="b") == started(arguments, tmp_path, A="b")


def test_a_module_is_the_same_forked_and_started(own: ForkedPython, tmp_path: Path) -> None:
    """A package of the working folder is found, and its traceback is equal."""
    (tmp_path / "shown").mkdir()
    code = "import sys; print(__name__, __package__, __file__, sys.argv, sys.path); 1 / 0"
    (tmp_path / "shown" / "__main__.py").write_text(code)
    for module in ("shown", "no_such_module"):
        arguments = ["-m", module, "--option"]
        assert forked(own, arguments, tmp_path) == started(arguments, tmp_path)


def test_an_interrupt_is_the_same_forked_and_started(own: ForkedPython, tmp_path: Path) -> None:
    """The program ends by the signal; only its traceback has the frames of the caller."""
    arguments = ["-c", "raise KeyboardInterrupt"]
    (status, _, errors), expected = forked(own, arguments, tmp_path), started(arguments, tmp_path)
    assert (status, errors.splitlines()[-1]) == (expected[0], expected[2].splitlines()[-1])


def test_programs_do_not_share_state(own: ForkedPython, tmp_path: Path) -> None:
    """Variables, working folder, modules and random numbers of each are its own."""
    first = "import os, sys, random; os.environ['LEFT'] = '1'; os.chdir('/'); sys.modules['l'] = 1"
    own.run(["-c", first], cwd=tmp_path, env=os.environ)
    look = "import os, random, sys; print('LEFT' in os.environ, os.getcwd(), 'l' in sys.modules)"
    assert forked(own, ["-c", look], tmp_path) == (0, f"False {tmp_path} False\n", "")
    numbers = "import random; print(random.random())"
    one, other = (forked(own, ["-c", numbers], tmp_path) for _ in range(2))
    assert one != other


def test_a_program_that_does_not_end_is_killed(own: ForkedPython, tmp_path: Path) -> None:
    """The next program runs."""
    code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
    with pytest.raises(subprocess.TimeoutExpired):
        own.run(["-c", f"{code}time.sleep(60)"], env=os.environ, timeout=2)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert own.run(["-c", "print(1)"], env=os.environ).stdout == "1\n"


def test_interpreter_variables_start_a_new_process(own: ForkedPython, tmp_path: Path) -> None:
    """The interpreter reads them at its start, which is too early for a fork."""
    look = "import sys; print(sys.path[1], sys.flags.utf8_mode)"
    variables = {"PYTHONPATH": "/of/the/reader", "PYTHONUTF8": "1"}
    assert forked(own, ["-c", look], tmp_path, **variables) == (0, "/of/the/reader 1\n", "")


def test_a_started_program_runs_beside_others(own: ForkedPython, tmp_path: Path) -> None:
    """It runs until it is ended, and has the status of its end; an ended one is left alone."""
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"
    with (tmp_path / "log").open("wb") as log:
        endless, short = (
            own.start(["-c", text], cwd=tmp_path, env=os.environ, output=log.fileno())
            for text in ("import time; time.sleep(60)", code)
        )
    assert forked(own, ["-c", "print(1)"], tmp_path) == (0, "1\n", "")
    assert (short.wait(30), short.poll(), endless.poll()) == (7, 7, None)
    with pytest.raises(subprocess.TimeoutExpired):
        endless.wait(0.01)
    for _ in range(2):
        endless.terminate()
        assert endless.wait(30) == -signal.SIGTERM
    assert sorted((tmp_path / "log").read_text().split()) == ["err", "out"]


def test_a_program_that_was_left_running_is_an_error(tmp_path: Path) -> None:
    """It is killed and named, instead of being waited for without end."""
    own = ForkedPython()
    with (tmp_path / "log").open("wb") as log:
        arguments = ["-c", "import time; time.sleep(60)"]
        endless = own.start(arguments, cwd=tmp_path, env=os.environ, output=log.fileno())
    with pytest.raises(RuntimeError, match=r"left running: \['-c import time; time.sleep\(60\)'\]"):
        own.close()
    assert endless.poll() == -signal.SIGKILL
    own.close()


def test_a_stopped_server_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the tests waits for it no longer than a moment."""
    monkeypatch.setattr("tests.forked_python.LONGEST_END_S", 0.1)
    own = ForkedPython()
    _, server, _ = forked(own, ["-c", "import os; print(os.getppid())"], tmp_path)
    os.kill(int(server), signal.SIGSTOP)
    with pytest.warns(UserWarning, match="did not end"):
        own.close()


def test_folders_of_modules_are_the_same_forked_and_started(
    own: ForkedPython, tmp_path: Path
) -> None:
    """A started program finds the modules of PYTHONPATH where an interpreter would."""
    code = "import sys; print(sys.path)"
    arguments, path = ["-c", code], {"PYTHONPATH": f"{tmp_path}{os.pathsep}/nowhere"}
    with (tmp_path / "log").open("wb") as log:
        program = own.start(arguments, cwd=tmp_path, env=os.environ | path, output=log.fileno())
    assert program.wait(30) == 0
    assert (tmp_path / "log").read_text() == started(arguments, tmp_path, **path)[1]
