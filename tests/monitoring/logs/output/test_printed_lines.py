"""Streams that replace stdout and stderr."""

import io
import threading
import tracemalloc
from textwrap import dedent
from typing import Any

import pytest
from structlog.testing import capture_logs

from securenet_obs.monitoring.logs.output.begun_line import MAX_LINE_CHARACTERS
from securenet_obs.monitoring.logs.output.printed_lines import PrintedLines
from tests.costs import cost_of


def test_a_printed_line_is_logged_when_it_is_complete() -> None:
    """Pieces are joined, blank lines are left out, and threads do not share pieces."""
    stream = PrintedLines("stdout", "info")
    with capture_logs() as logged:
        stream.write("one ")
        other = threading.Thread(target=stream.write, args=("other\n",))
        other.start()
        other.join()
        stream.write("line\n\n  \nrest")
    assert [line["event"] for line in logged] == ["other", "one line"]


BEGIN = """
    import sys
    from securenet_obs.monitoring import configure_structlog
    configure_structlog(prints=True)
"""


def events(finished: Any) -> list[tuple[str, str]]:
    """Return the logger and the event of each line."""
    return [(line["logger"], line["event"]) for line in finished.lines]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("sys.stdout.buffer.write(b'bytes\\n')", ["bytes"]),
        ("for n in (0, 1): sys.stdout.buffer.write('ä'.encode()[n:n + 1])", ["ä"]),
        ("sys.stdout.buffer.raw.write(memoryview(b'view\\n'))", ["view"]),
        ("sys.stdout.buffer.write(b'\\xff\\n')", ["\\xff"]),
        ("sys.stdout.writelines(['a\\n', 'b\\n'])", ["a", "b"]),
        ("print('flushed', file=sys.stdout, flush=True)", ["flushed"]),
        ("sys.stdout.reconfigure(encoding='latin-1', line_buffering=True)\n"
         "print(sys.stdout.encoding); sys.stdout.buffer.write(b'\\xe4\\n')", ["iso8859-1", "ä"]),
        ("print(sys.stdout.encoding, sys.stdout.errors, sys.stdout.newlines, sys.stdout.isatty(),"
         "sys.stdout.line_buffering, sys.stdout.closed, sys.stdout.mode, sys.stdout.name)",
         ["utf-8 backslashreplace None False True False w <stdout>"]),
        ("print(sys.stdout.fileno(), sys.stdout.buffer.fileno())", ["1 1"]),
        ("import io; io.TextIOWrapper(sys.stdout.buffer, 'utf-8').write('wrapped\\n')",
         ["wrapped"]),
        ("import codecs; codecs.getwriter('utf-8')(sys.stdout.buffer).write('coded\\n')",
         ["coded"]),
        ("import io; sys.stdout = io.TextIOWrapper(sys.stdout.detach(), 'utf-8')\n"
         "print('detached')", ["detached"]),
        ("sys.stdout.close(); print('open')", ["open"]),
        ("import logging; handler = logging.StreamHandler(sys.stdout)\n"
         "handler.emit(logging.makeLogRecord({'msg': 'record'}))", ["record"]),
        ("import click; click.echo('echo'); click.echo(b'bytes'); click.secho('red', fg='red')",
         ["echo", "bytes", "red"]),
        ("from rich.console import Console; Console().print('[bold]rich[/bold]')", ["rich"]),
        ("import pprint; pprint.pprint({'a': 1})", ["{'a': 1}"]),
        ("input_ = sys.stdin; print('prompt ', end=''); print('answered')", ["prompt answered"]),
        ("sys.stdout.write('crlf\\r\\n'); sys.stdout.write('cr\\r'); sys.stdout.write('\\n')",
         ["crlf", "cr"]),
        ("sys.stdout.write('10 %\\r'); sys.stdout.write('100 %\\n')", ["100 %"]),
        ("sys.stdout.write('\\r10 %'); sys.stdout.write('\\r100 %'); sys.stdout.write('\\n')",
         ["100 %"]),
        ("from tqdm import tqdm\nlist(tqdm(range(9), file=sys.stdout, bar_format='{n}/{total}'))",
         ["9/9"]),
        ("sys.stdout.write('done\\r   \\r')", []),
    ],
)  # fmt: skip
def test_a_stream_is_used_as_libraries_use_it(run: Any, code: str, expected: list[str]) -> None:
    """Attributes, bytes, wrappers and libraries work, and each printed line is one log line."""
    finished = run(dedent(BEGIN) + code)
    assert finished.code == 0, finished
    assert finished.stderr == ""
    assert events(finished) == [("stdout", event) for event in expected]


def test_a_text_of_another_type_is_refused() -> None:
    """As on any text stream."""
    stream = PrintedLines("stdout", "info")
    with pytest.raises(TypeError, match="must be str, not bytes"):
        stream.write(b"bytes")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes-like"):
        stream.buffer.write("text")
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()


def test_a_child_process_inherits_the_descriptor(run: Any) -> None:
    """A subprocess writes to the real stdout and stderr, and faulthandler has a descriptor."""
    finished = run(
        dedent(BEGIN)
        + """
import faulthandler, subprocess
faulthandler.enable(); faulthandler.dump_traceback()
subprocess.run(["echo", "{}"], stdout=sys.stdout, check=True)
subprocess.run("echo error >&2", shell=True, stderr=sys.stderr, check=True)
"""
    )
    assert finished.stdout == "{}\n"
    assert "most recent call first" in finished.stderr
    assert finished.stderr.endswith("error\n")


@pytest.mark.parametrize(
    "code",
    [
        "print('last', end='')",
        "sys.stdout.buffer.write(b'last')",
        "print('last', end=''); sys.exit(3)",
        "import atexit; atexit.register(print, 'last', end='')",
        "import threading as t; a = t.Thread(target=print, args=('last',), kwargs={'end': ''})\n"
        "a.start(); a.join(); t.Thread(target=print, args=('next',)).start()",
        "import multiprocessing as m\n"
        "p = m.get_context('fork').Process(target=print, args=('last',), kwargs={'end': ''})\n"
        "p.start(); p.join()",
        "import os\nprint('last', end='')\nif os.fork() == 0: sys.exit()\nos.wait()",
    ],
)
def test_last_words_without_a_newline_are_written_once(run: Any, code: str) -> None:
    """Text without a newline is logged when its thread or its process ends."""
    finished = run(dedent(BEGIN) + code)
    assert [event for _, event in events(finished) if event != "next"] == ["last"]


def test_last_words_before_an_uncaught_exception_are_written(run: Any) -> None:
    """Both are logged."""
    finished = run(dedent(BEGIN) + "print('last', end='')\nraise ValueError")
    assert {event for _, event in events(finished)} == {"last", "uncaught_exception"}


@pytest.mark.slow
@pytest.mark.parametrize("update", ["\r{n:6d}/30000 [==>  ]", "{n:6d}/30000\r", ".", "\r"])
def test_a_progress_bar_costs_constant_memory_and_time(update: str) -> None:
    """Thirty thousand updates of a line cost little, and hold no more than a line."""
    stream = PrintedLines("stdout", "info")
    stream.write(update.format(n=0))
    tracemalloc.start()

    def update_often() -> None:
        for number in range(30_000):
            stream.write(update.format(n=number))

    with capture_logs() as logged:
        cost = cost_of(update_often)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert cost < 100
    assert held < 1_000_000
    assert len(logged) <= 2
    stream.forget_lines()


def test_a_line_without_end_is_logged_in_parts() -> None:
    """Text without any newline is not kept without limit."""
    stream = PrintedLines("stdout", "info")
    with capture_logs() as logged:
        for _ in range(100):
            stream.write("x" * 10_000)
        stream.end_lines()
    assert sum(len(line["event"]) for line in logged) == 1_000_000
    assert max(len(line["event"]) for line in logged) < MAX_LINE_CHARACTERS + 10_000


def test_attributes_of_the_replaced_stream_are_passed_on() -> None:
    """A kernel sets the cell of its stream; without such a stream the attribute is missing."""

    class Kernel(io.StringIO):
        def set_parent(self, parent: str) -> str:
            return parent

    assert PrintedLines("stdout", "info", Kernel()).set_parent("cell") == "cell"
    with pytest.raises(AttributeError):
        PrintedLines("stdout", "info").set_parent("cell")


def test_many_empty_lines_cost_little() -> None:
    """Nothing is logged of them, and they take no longer than a loop over them."""
    stream = PrintedLines("stdout", "info")
    with capture_logs() as logged:
        cost = cost_of(lambda: stream.write("\n" * 1_000_000))
    assert logged == []
    assert cost < 50
