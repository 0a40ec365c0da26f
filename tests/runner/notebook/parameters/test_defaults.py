"""Defaults without a literal value: distinguishable, described, and null in the evidence."""

from securenet_obs.runner.notebook.parameters.defaults import REQUIRED, Computed
from securenet_obs.runner.notebook.parameters.json_values import as_text
from securenet_obs.runner.notebook.parameters.parameter import Parameter


def described(default: object) -> str:
    """Return the default of a parameter as it is displayed."""
    return Parameter("n", "int", int, default, "").described()["default"]


def test_a_default_is_described_by_its_kind() -> None:
    """A required parameter and a computed default differ from the literals None and text."""
    assert described(REQUIRED) == "(required)"
    assert described(Computed("now()")) == "now()"
    assert described(None) == "None"
    assert described("now()") == "'now()'"


def test_evidence_records_null() -> None:
    """Neither has a value before its cell has run, at any depth."""
    assert as_text({"a": REQUIRED, "b": [Computed("now()")], "c": 1}) == {
        "a": None, "b": [None], "c": 1,
    }  # fmt: skip
