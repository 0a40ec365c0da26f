"""A printed line that a thread has begun."""

import gc
import threading

import pytest

from securenet_obs.monitoring.logs.output.begun_line import MAX_LINE_CHARACTERS, BegunLine


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["a", "b"], "ab"),
        (["a\rb"], "b"),
        (["a\r", "b"], "b"),
        (["a\r", ""], "a\r"),
        (["a", "\rb\rc"], "c"),
        (["a\r\r"], "a\r\r"),
        (["a\r", "\r"], "a\r"),
        ([], ""),
    ],
)
def test_a_carriage_return_discards_the_text_before_it(pieces: list[str], text: str) -> None:
    """Except at the end: a newline may follow."""
    line = BegunLine()
    for piece in pieces:
        line.add(piece)
    assert line.is_empty is not bool(pieces)
    assert line.clear() == text
    assert line.is_empty


def test_a_line_is_long_by_what_it_holds() -> None:
    """Text that was discarded or cleared does not count."""
    line = BegunLine()
    line.add("x" * (MAX_LINE_CHARACTERS - 1))
    assert not line.is_long
    line.add("\ry")
    line.add("x" * (MAX_LINE_CHARACTERS - 2))
    assert not line.is_long
    line.add("z")
    assert line.is_long
    line.clear()
    assert not line.is_long


def test_a_line_does_not_keep_its_thread() -> None:
    """The line of a thread that has ended is recognised, also after the thread is collected."""
    lines: list[BegunLine] = []
    thread = threading.Thread(target=lambda: lines.append(BegunLine()))
    thread.start()
    thread.join()
    assert not lines[0].has_thread
    del thread
    gc.collect()
    assert not lines[0].has_thread
    assert BegunLine().has_thread
