"""Analysis of logs and of their ranges."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.counting.analysis import analyse, analyse_blocks, shape_of
from tests.detection.network.readers.test_streams import LINES, blocks
from tests.detection.network.recorded import content, needs_recorded_logs, recorded_logs
from tests.searching import examples


@examples(30)
@given(st.lists(LINES | st.binary(max_size=10), max_size=12))
def test_every_line_is_a_record_quarantined_or_blank(lines: list[bytes]) -> None:
    """Lines in = records + quarantined + blank, whatever the lines hold."""
    found = analyse_blocks(blocks(b"\n".join(lines)), "log")
    assert found.lines == found.records + found.quarantined + found.blank
    assert len(found.items) == found.quarantined
    assert sum(count for _, (count,) in found.log_types.rows()) == found.records
    assert sum(count for _, (count,) in found.reasons.rows()) == found.quarantined


@needs_recorded_logs
@pytest.mark.parametrize("path", recorded_logs(), ids=lambda path: path.name)
def test_lines_of_recorded_logs_add_up(path: Path) -> None:
    """Only the two bunyan logs with comments, and the truncated one, have quarantined lines."""
    found = analyse(path)
    assert found.lines == found.records + found.quarantined + found.blank
    bad = {"all.log": 4, "bogus.log": 1, "http.log.corrupt.gz": 1}
    assert found.quarantined == bad.get(path.name, 0)
    if not path.name.endswith(("corrupt.gz", ".json")):
        assert found.lines == len(content(path).splitlines())


def test_the_shape_of_an_object_is_its_names() -> None:
    """In any order, and of bounded length."""
    assert shape_of({"b": 1, "a": 2}) == shape_of({"a": 3, "b": 4}) == "a, b"
    assert len(shape_of({"n" * 300: 1, "m" * 300: 2})) == 500
