"""Parameter values as JSON: references in place of secrets, at any depth."""

import datetime as dt

from securenet_obs.runner.notebook.parameters.json_values import as_text, secrets_in
from securenet_obs.runner.notebook.parameters.secret import Secret


def test_a_record_of_parameters_holds_references() -> None:
    """A secret is recorded as its reference, at any depth."""
    token = Secret("secret:API_TOKEN")
    assert as_text({"a": [token], "day": dt.date(2026, 1, 2), "s": dt.timedelta(seconds=2)}) == {
        "a": ["secret:API_TOKEN"], "day": "2026-01-02", "s": 2.0,
    }  # fmt: skip
    assert secrets_in({"a": [token], "b": {"c": token}}) == [token, token]
