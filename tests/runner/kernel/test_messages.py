"""Messages of a kernel: any text of a cell can be sent."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.session import orjson_packer

from securenet_obs.runner.command import Outcome
from securenet_obs.runner.kernel.messages import packed

TEXTS = st.text(st.characters(exclude_categories=()))


@given(TEXTS, TEXTS)
def test_every_text_is_packed_as_utf_8(name: str, text: str) -> None:
    """A lone surrogate arrives as its escape, and all other text unchanged."""
    escaped = [value.encode("utf-8", "backslashreplace").decode() for value in (name, text)]
    assert json.loads(packed({name: [text, {"a": (text,)}]})) == {
        escaped[0]: [escaped[1], {"a": [escaped[1]]}]
    }


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_valid_utf_8_is_packed_as_by_jupyter(message: dict[str, object]) -> None:
    """The packed bytes are the same as Jupyter's."""
    assert packed(message) == orjson_packer(message)


RAISED = {
    r"raise ValueError('\ud800')": r"ValueError: \ud800",
    r"raise ValueError('a\udc80b')": r"ValueError: a\udc80b",
    r"get_ipython().run_cell('raise ValueError(\'\\ud800\')')": r"ValueError: \ud800",
}


@pytest.mark.parametrize("source", RAISED)
def test_an_error_with_a_lone_surrogate_is_an_error_at_once(
    source: str, write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The message has the escape; without it, the cell seemed to hang until its deadline."""
    (record,) = execute(write_notebook(source), plain=True, cell_deadline_s=20.0).runs
    assert record.judged is not None
    assert (record.judged["verdict"], record.judged["reason"]) == ("error", RAISED[source])


SHOWN = r"""
print('out\ud800')
import sys; sys.stderr.write('err\ud800')
display({'text/plain': 'data\ud800'}, raw=True)
"""


def test_output_with_a_lone_surrogate_is_kept_with_its_escape(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The run passes, and its notebook has the escaped texts of both streams and a display."""
    outcome = execute(write_notebook(SHOWN), plain=True, cell_deadline_s=20.0)
    assert str(outcome.verdict) == "passed"
    (path,) = outcome.folder.glob("*.ipynb")
    content = path.read_text()
    for text in (r"out\ud800", r"err\ud800", r"data\ud800"):
        assert json.dumps(text)[1:-1] in content
