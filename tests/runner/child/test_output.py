"""Bounded output: a flood is cut at the bound, and a remark states the omitted bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient.client import _RGX_CARRIAGERETURN

from securenet_obs.runner.child.output import MAX_BYTES, MAX_OUTPUTS, BoundedOutput


def feed(*contents: dict[str, Any]) -> tuple[BoundedOutput, list[Any]]:
    """Pass messages to a bound as the engine does; return the bound and the resulting outputs."""
    bound, outputs = BoundedOutput(), []
    for content in contents:
        if bound.takes(outputs, content):
            outputs.append(content)
    bound.close(outputs)
    return bound, outputs


def test_pieces_of_one_stream_become_one_text() -> None:
    """Text that was written in pieces is merged, to be masked whole; another stream starts anew."""
    out, err = {"name": "stdout", "text": "a"}, {"name": "stderr", "text": "b"}
    _, outputs = feed(dict(out), dict(out), dict(err), dict(out))
    assert [row["text"] for row in outputs] == ["aa", "b", "a"]


def test_text_is_cut_at_the_limit() -> None:
    """The beginning is kept, the total size is counted, and a remark states the omitted bytes."""
    bound, outputs = feed({"name": "stdout", "text": "x" * (MAX_BYTES + 5)})
    assert bound.bytes > MAX_BYTES
    assert outputs[0]["text"].startswith("xxx")
    assert len(outputs[0]["text"]) <= MAX_BYTES
    assert "bytes of output are not kept" in outputs[-1]["text"]


def test_an_endless_display_is_cut_by_number() -> None:
    """At most MAX_OUTPUTS outputs are kept, and one remark."""
    _, outputs = feed(*({"data": {"text/plain": "x"}} for _ in range(MAX_OUTPUTS + 5)))
    assert len(outputs) == MAX_OUTPUTS + 1


def test_output_within_bounds_is_left_alone() -> None:
    """Output within the bounds is unchanged."""
    _, outputs = feed({"data": {"text/plain": "x"}}, {"name": "stdout", "text": "y"})
    assert outputs == [{"data": {"text/plain": "x"}}, {"name": "stdout", "text": "y"}]


NUMBERS: list[dict[str, Any]] = [
    {"data": {"application/json": 5}},
    {"data": {"application/json": {"a": [1, 2.5]}}},
    {"data": {"application/json": [None, True]}},
    {"data": {}},
]


@pytest.mark.parametrize("content", NUMBERS)
def test_output_without_text_is_kept(content: dict[str, Any]) -> None:
    """Numbers are kept, and so is an empty bundle, as in papermill."""
    assert feed(dict(content))[1] == [content]


def test_numbers_and_names_take_room_too() -> None:
    """A flood of numbers or names is cut like a flood of text, and a remark replaces it."""
    names = {f"name {number}": 1 for number in range(MAX_BYTES // 10)}
    for data in ([10**18] * 60_000, names, [[10**18] * 1000] * 60):
        _, outputs = feed({"data": {"application/json": data}})
        assert [row["output_type"] for row in outputs] == ["stream"]


def test_nested_output_of_any_depth_is_counted() -> None:
    """Counting nested output does not hit the interpreter's recursion limit."""
    data: Any = 1
    for _ in range(100_000):
        data = [data]
    assert feed({"data": {"application/json": data}})[0].bytes > 0


def progress(*texts: str) -> str:
    """Return the text of one stream that was written in these pieces."""
    _, outputs = feed(*({"name": "stdout", "text": text} for text in texts))
    (output,) = outputs
    return str(output["text"])


def test_a_progress_bar_of_any_length_leaves_its_last_state() -> None:
    """A carriage return clears the line, however much text it held."""
    texts = [f"\r{number:05}% {'#' * 100}" for number in range(2 * MAX_BYTES // 100)]
    assert progress("begin\n", *texts, "\nend\n") == "begin\n" + texts[-1][1:] + "\nend\n"


@pytest.mark.parametrize(
    ("texts", "display"),
    [
        (("a\r\nb\r\n",), "a\r\nb\r\n"),
        (("a\r", "\nb"), "a\r\nb"),
        (("a\r", "b\r", "c"), "c"),
        (("10%", "\b\b\b", "20%"), "20%"),
        (("kept\n1", "\b2\b3"), "kept\n3"),
        (("a\n", "\bb"), "a\n\bb"),
    ],
)
def test_carriage_returns_and_backspaces_act_across_the_pieces_of_a_stream(
    texts: tuple[str, ...], display: str
) -> None:
    """Carriage returns and backspaces act as in a terminal or JupyterLab."""
    assert progress(*texts) == display


@given(st.lists(st.text("ab\n\r", min_size=1), min_size=1))
def test_a_stream_in_pieces_equals_the_whole_stream_in_nbclient(texts: list[str]) -> None:
    """The text of a stream is the same as nbclient's, wherever its pieces end."""
    assert progress(*texts) == _RGX_CARRIAGERETURN.sub("", "".join(texts))


def test_a_flood_of_backspaces_takes_no_time() -> None:
    """500,000 backspaces cause no delay; nbclient's algorithm takes quadratic time."""
    assert progress("x" * 500_000 + "\b" * 500_000 + "y") == "y"


def test_room_is_free_again_after_a_clear() -> None:
    """Cleared output frees its room and needs no remark; the count of all bytes stays."""
    bound, outputs = BoundedOutput(), []
    text = {"name": "stdout", "text": "x" * (MAX_BYTES + 5)}
    assert bound.takes(outputs, dict(text))
    bound.clear()
    assert bound.takes(outputs, {"name": "stdout", "text": "last"})
    outputs = [{"name": "stdout", "text": "last"}]
    bound.close(outputs)
    assert (len(outputs), bound.bytes) == (1, MAX_BYTES + 9)
    for _ in range(MAX_OUTPUTS):
        bound.takes([], {"data": {"text/plain": "x"}})
    assert not bound.takes([], {"data": {"text/plain": "x"}})
    bound.clear()
    assert bound.takes([], {"data": {"text/plain": "x"}})


def test_an_update_reuses_the_size_of_the_replaced_output() -> None:
    """A display may be updated without end, but not beyond the bounds."""
    bound = BoundedOutput()
    display = {"data": {"text/plain": "x" * (MAX_BYTES // 2)}}
    assert bound.takes([], display)
    assert all(bound.replaces(display, display) for _ in range(100))
    assert not bound.replaces(display, {"data": {"text/plain": "x" * (MAX_BYTES + 1)}})


def test_the_first_traceback_is_kept_behind_a_flood() -> None:
    """The first traceback is kept behind a flood: it holds the reason of the failure."""
    error = {"ename": "ValueError", "evalue": "no", "traceback": ["..."]}
    _, outputs = feed({"name": "stdout", "text": "x" * MAX_BYTES}, dict(error), dict(error))
    assert [row.get("ename") for row in outputs] == [None, "ValueError", None]
