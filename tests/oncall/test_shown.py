"""Outputs of a runbook have text, HTML and data."""

import pytest

from securenet_obs.oncall.shown import STEP_MIME, Shown, show_rows


def test_pairs_are_aligned_outside_of_a_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal gets the text."""
    show_rows([("would", "grow"), ("to act", "confirm")])
    assert capsys.readouterr().out == "would   grow\nto act  confirm\n"


def test_data_is_in_the_output_only_if_there_is_any() -> None:
    """Other programs read it by its type."""
    assert STEP_MIME not in Shown("a", "a")._repr_mimebundle_()
    assert Shown("a", "a", {"b": 1})._repr_mimebundle_()[STEP_MIME] == {"b": 1}
