"""Bounded output: what is kept of a flood, and that what is missing is said."""

from typing import Any

from securenet_obs.runner.output import MOST_BYTES, MOST_OUTPUTS, BoundedOutput


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
    bound, outputs = feed({"name": "stdout", "text": "x" * (MOST_BYTES + 5)})
    assert bound.bytes > MOST_BYTES
    assert outputs[0]["text"].startswith("xxx")
    assert len(outputs[0]["text"]) <= MOST_BYTES
    assert "bytes of output are not kept" in outputs[-1]["text"]


def test_an_endless_display_is_cut_by_number() -> None:
    """So many outputs are kept, and no more."""
    _, outputs = feed(*({"data": {"text/plain": "x"}} for _ in range(MOST_OUTPUTS + 5)))
    assert len(outputs) == MOST_OUTPUTS + 1


def test_output_within_bounds_is_left_alone() -> None:
    """Nothing is added to what has room."""
    _, outputs = feed({"data": {"text/plain": "x"}}, {"name": "stdout", "text": "y"})
    assert outputs == [{"data": {"text/plain": "x"}}, {"name": "stdout", "text": "y"}]
