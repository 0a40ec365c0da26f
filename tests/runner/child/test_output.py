"""Bounded output: what is kept of a flood, and that what is missing is said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient.client import _RGX_CARRIAGERETURN

from securenet_obs.runner.child.output import MAX_BYTES, MAX_OUTPUTS, BoundedOutput


def feed(*contents: dict[str, Any]) -> tuple[BoundedOutput, list[Any]]:
    """Give messages to a bound as the engine does; return it and the outputs that came of them."""
    bound, outputs = BoundedOutput(), []
    for content in contents:
        if bound.takes(outputs, content):
            outputs.append(content)
    bound.close(outputs)
    return bound, outputs


def test_pieces_of_one_stream_become_one_text() -> None:
    """Text that was written in pieces is masked as one; another stream begins anew."""
    out, err = {"name": "stdout", "text": "a"}, {"name": "stderr", "text": "b"}
    _, outputs = feed(dict(out), dict(out), dict(err), dict(out))
    assert [row["text"] for row in outputs] == ["aa", "b", "a"]


def test_text_is_cut_where_there_is_no_more_room() -> None:
    """The beginning is kept, the size of all of it is known, and the rest is counted."""
    bound, outputs = feed({"name": "stdout", "text": "x" * (MAX_BYTES + 5)})
    assert bound.bytes > MAX_BYTES
    assert outputs[0]["text"].startswith("xxx")
    assert len(outputs[0]["text"]) <= MAX_BYTES
    assert "bytes of output are not kept" in outputs[-1]["text"]


def test_an_endless_display_is_cut_by_number() -> None:
    """So many outputs are kept, and no more."""
    _, outputs = feed(*({"data": {"text/plain": "x"}} for _ in range(MAX_OUTPUTS + 5)))
    assert len(outputs) == MAX_OUTPUTS + 1


def test_output_within_bounds_is_left_alone() -> None:
    """Nothing is added to what has room."""
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
    """Numbers are output too; so is an empty bundle, as papermill keeps it."""
    assert feed(dict(content))[1] == [content]


def test_numbers_and_names_take_room_too() -> None:
    """A flood of them is cut as a flood of text is, and that is stated."""
    names = {f"name {number}": 1 for number in range(MAX_BYTES // 10)}
    for data in ([10**18] * 60_000, names, [[10**18] * 1000] * 60):
        _, outputs = feed({"data": {"application/json": data}})
        assert [row["output_type"] for row in outputs] == ["stream"]


def test_nested_output_of_any_depth_is_counted() -> None:
    """Without a limit of the interpreter's own."""
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
    """A carriage return takes back what stands in the line, however much of it there was."""
    texts = [f"\r{number:05}% {'#' * 100}" for number in range(2 * MAX_BYTES // 100)]
    assert progress("begin\n", *texts, "\nend\n") == "begin\n" + texts[-1][1:] + "\nend\n"


@pytest.mark.parametrize(
    ("texts", "shown"),
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
    texts: tuple[str, ...], shown: str
) -> None:
    """As they do where a terminal or JupyterLab shows them."""
    assert progress(*texts) == shown


@given(st.lists(st.text("ab\n\r", min_size=1), min_size=1))
def test_a_stream_in_pieces_is_what_nbclient_makes_of_all_of_it(texts: list[str]) -> None:
    """Wherever the pieces end."""
    assert progress(*texts) == _RGX_CARRIAGERETURN.sub("", "".join(texts))


def test_a_flood_of_backspaces_takes_no_time() -> None:
    """nbclient's own way takes the square of it."""
    assert progress("x" * 500_000 + "\b" * 500_000 + "y") == "y"


def test_room_is_free_again_after_a_clear() -> None:
    """Nothing is missing of what was cleared; the count of all bytes stays."""
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


def test_an_update_takes_the_room_of_what_it_replaces() -> None:
    """So that a display may be updated for ever, and not beyond all bounds."""
    bound = BoundedOutput()
    shown = {"data": {"text/plain": "x" * (MAX_BYTES // 2)}}
    assert bound.takes([], shown)
    assert all(bound.replaces(shown, shown) for _ in range(100))
    assert not bound.replaces(shown, {"data": {"text/plain": "x" * (MAX_BYTES + 1)}})


def test_the_first_traceback_is_kept_behind_a_flood() -> None:
    """It says why the cell failed."""
    error = {"ename": "ValueError", "evalue": "no", "traceback": ["..."]}
    _, outputs = feed({"name": "stdout", "text": "x" * MAX_BYTES}, dict(error), dict(error))
    assert [row.get("ename") for row in outputs] == [None, "ValueError", None]
