"""A row that applies ends in a step; the table says which rows apply, and why."""

import pytest

from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.decisions import Row, render_table
from securenet_obs.oncall.shown import STEP_MIME


def test_a_row_that_applies_needs_a_step() -> None:
    """Prose alone leads nowhere; a row that does not apply needs none."""
    with pytest.raises(ValueError, match="applies and has no step"):
        Row("gone", True, "no answer")
    assert Row("gone", False, "it answers").step_text == ""


def test_the_rows_that_apply_come_first() -> None:
    """Each has its reason, and its command; the page is escaped."""
    rows = [
        Row("slow", False, "3 < 5"),
        Row("gone", True, "no <answer>", Manual("restart it", "restart worker")),
    ]
    bundle = render_table(rows)._repr_mimebundle_()
    assert bundle["text/plain"].splitlines() == [
        "-> gone: no <answer>",
        "     restart it: restart worker",
        "   slow: 3 < 5",
    ]
    assert "no &lt;answer&gt;" in bundle["text/html"]
    assert bundle[STEP_MIME]["rows"] == [
        {"finding": "slow", "applies": False},
        {"finding": "gone", "applies": True},
    ]


def test_a_table_without_a_row_that_applies_says_so() -> None:
    """The reader need not compare the rows."""
    assert "there is nothing to do" in str(render_table([Row("slow", False, "3 < 5")]))
