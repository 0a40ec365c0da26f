"""Lines of processes whose stdout is no file, is replaced, or does not exist."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

BEGIN = """
import contextlib, gzip, io, os, sys, structlog
from securenet_obs.monitoring import start_monitoring
from securenet_obs.settings import get_settings
def start(): start_monitoring(get_settings(), "billing")
log = structlog.get_logger("billing")
def told(text): return [line for line in text.splitlines() if '"event":"sent"' in line]
"""

END = """
open("end", "w").write("reached")
"""

CASES = {
    "redirected before": """
        with contextlib.redirect_stdout(io.StringIO()) as text:
            start(); log.info("sent"); print("sent")
        assert len(told(text.getvalue())) == 2
        log.info("sent")
    """,
    "redirected after": """
        start()
        with contextlib.redirect_stdout(io.StringIO()) as text:
            log.info("sent"); print("plain")
        assert text.getvalue().endswith("plain\\n")
    """,
    "redirected twice": """
        with contextlib.redirect_stdout(io.StringIO()) as outer:
            start()
            with contextlib.redirect_stdout(io.StringIO()) as inner:
                start(); log.info("sent"); print("sent")
            log.info("sent")
        assert len(told(inner.getvalue())) == 2
        assert len(told(outer.getvalue())) == 1
        log.info("sent")
    """,
    "redirected and closed": """
        with io.StringIO() as text, contextlib.redirect_stdout(text):
            start(); log.info("sent")
        log.info("sent")
    """,
    "None": "sys.stdout = None; sys.stderr = None; start(); log.info('sent'); print('sent')",
    "absent": "del sys.stdout, sys.stderr; start(); log.info('sent'); print('sent')",
    "without a write": """
        sys.stdout = sys.stderr = object()
        start(); log.info("sent"); print("sent")
    """,
    "a write that raises": """
        class Broken(io.StringIO):
            def write(self, text): raise RuntimeError(text)
            flush = fileno = isatty = write
            closed = property(write)
        sys.stdout = sys.stderr = Broken()
        start(); log.info("sent"); print("sent")
    """,
    "a tee": """
        class Tee:
            def __init__(self, *streams): self.streams = streams
            def write(self, text): return [stream.write(text) for stream in self.streams][0]
            def flush(self): [stream.flush() for stream in self.streams]
        with contextlib.redirect_stdout(io.StringIO()) as text:
            start()
            sys.stdout = Tee(sys.stdout)
            for _ in range(3): log.info("sent")
            print("printed")
            start()
            log.info("sent")
        assert 4 <= len(told(text.getvalue())) <= 5, text.getvalue()
    """,
    "narrow": """
        raw = io.BytesIO()
        sys.stdout = io.TextIOWrapper(raw, encoding="ascii")
        start(); log.info("sent", text="äöü €𝄞"); sys.stdout.flush()
        import json
        assert json.loads(told(raw.getvalue().decode("ascii"))[0])["text"] == "äöü €𝄞"
    """,
    "compressed": """
        sys.stdout = gzip.open("log.gz", "wt")
        stream = sys.stdout
        start(); log.info("sent"); stream.close()
        assert len(told(gzip.open("log.gz", "rt").read())) == 1
    """,
    "a file that is closed": """
        file = sys.stdout = open("log", "w")
        start(); log.info("sent"); print("sent")
        file.close()
        other = open("other", "w")
        for _ in range(3): log.info("sent")
        other.close()
        assert open("other").read() == ""
        assert len(told(open("log").read())) == 2
    """,
    "stdout closed later": """
        stream = sys.stdout = open(1, "w")
        start(); log.info("sent"); stream.close()
        other = open("other", "w")
        assert other.fileno() == 1
        log.info("sent"); print("sent")
        other.close()
        assert open("other").read() == ""
    """,
    "twice": "start(); log.info('sent'); start(); log.info('sent'); print('sent')",
}


@pytest.mark.parametrize("case", CASES)
def test_a_process_starts_with_any_stdout(run: Any, case: str, tmp_path: Path) -> None:
    """Lines arrive or are lost; neither logging nor printing raises, recurses or hangs."""
    folder = f"import os; os.chdir({str(tmp_path)!r})\n"
    finished = run(folder + BEGIN + dedent(CASES[case]) + END)
    assert (tmp_path / "end").exists(), finished
    assert "Recursion" not in finished.stdout + finished.stderr
    assert all(line["event"] for line in finished.lines)


CLOSED_CASES = ["twice", "redirected before", "a tee"]
RUN_CLOSED = """
for number, code in enumerate({codes!r}):
    child = os.fork()
    if child == 0:
        os.mkdir(str(number))
        os.chdir(str(number))
        other = open("other", "w")
        exec(code)
        raise SystemExit
    os.waitpid(child, 0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_a_process_starts_with_a_closed_stdout(closed: str, tmp_path: Path) -> None:
    """A process without stdout continues, and no other file that gets its number has the lines."""
    codes = [dedent(CASES[case]) + END for case in CLOSED_CASES]
    program = BEGIN + RUN_CLOSED.format(codes=codes)
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", program],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "ENVIRONMENT": "test", "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    for number, case in enumerate(CLOSED_CASES):
        assert (tmp_path / str(number) / "end").exists(), (case, done.stderr)
        assert (tmp_path / str(number) / "other").read_text() == "", case


def test_lines_before_and_after_a_second_start_have_one_destination(run: Any) -> None:
    """Loggers of the first and of the second start write the same kind of line, each once."""
    finished = run(dedent(BEGIN) + dedent(CASES["twice"]))
    events = [line["event"] for line in finished.lines]
    assert events.count("sent") == 3
    assert not [line for line in finished.lines if line["event"].startswith("{")]


def test_a_captured_stdout_has_the_lines(capsys: pytest.CaptureFixture[str], start: Any) -> None:
    """Within a test, lines and prints go to its capture; a later capture gets the later lines."""
    log = start()
    log.info("sent")
    print("printed")
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events[-2:] == ["sent", "printed"]


def test_a_captured_descriptor_has_the_lines(capfd: pytest.CaptureFixture[str], start: Any) -> None:
    """So do those of a test that captures descriptors."""
    log = start()
    log.info("sent")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", io.StringIO())
        log.info("elsewhere")
    log.info("again")
    assert '"event":"sent"' in capfd.readouterr().out


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that starts monitoring in this process, which is restored afterwards."""
    import logging
    import threading
    import warnings

    import structlog

    from securenet_obs.monitoring import configure_structlog
    from securenet_obs.settings import Settings

    for owner, name in (
        (sys, "stdout"), (sys, "stderr"), (sys, "excepthook"), (sys, "unraisablehook"),
        (threading, "excepthook"), (warnings, "showwarning"), (logging, "raiseExceptions"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, getattr(owner, name))
    root = logging.getLogger()
    handlers, level = root.handlers, root.level

    def started() -> Any:
        configure_structlog(Settings(environment="test"), prints=True)
        return structlog.get_logger("ours").bind()

    yield started
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


@pytest.mark.stack
def test_a_notebook_with_printed_lines_stays_alive() -> None:
    """README's sample works in a kernel: lines and prints appear in the cell, and in a capture."""
    code = """
        import structlog
        from securenet_obs.monitoring import start_monitoring
        from securenet_obs.settings import get_settings
        start_monitoring(get_settings(), "billing")
        structlog.get_logger("billing").info("sent")
        print("printed")
    """
    texts: list[str] = []

    def show(message: Any) -> None:
        if message["msg_type"] == "stream":
            texts.append(message["content"]["text"])

    manager, client = start_new_kernel(
        kernel_name="python3", env={**os.environ, "ENVIRONMENT": "test"}
    )
    try:
        for cell in (code, code, "print('alive')"):
            reply = client.execute_interactive(dedent(cell), timeout=60, output_hook=show)
            assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    events = [json.loads(line)["event"] for line in "".join(texts).splitlines()]
    assert [events.count(event) for event in ("sent", "printed", "alive")] == [2, 2, 1]
