import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from securenet_obs.runner.command import Outcome
from securenet_obs.runner.record.run_json import CheckFields, RunJson
from tests.runner.conftest import CHECKED

FAILING = f"{CHECKED}\nchecks.expect('two is one', expected=1, observed=2)\nchecks.conclude()"


def test_every_field_is_described() -> None:
    """README's reference has the descriptions."""
    assert [name for name, field in RunJson.model_fields.items() if not field.description] == []


def test_an_unknown_field_is_refused() -> None:
    """A field that is added to the file must be added to the model, and so to the reference."""
    fields = {"name": "a", "outcome": "passed", "expected": "", "observed": "", "reason": ""}
    CheckFields.model_validate({**fields, "links": []})
    with pytest.raises(ValidationError, match="another"):
        CheckFields.model_validate({**fields, "links": [], "another": 1})


@pytest.mark.stack
def test_the_model_of_run_json_is_the_file(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """A real manifest with a failed check and two attempts has these fields, and no others."""
    outcome = execute(write_notebook(FAILING, name="01_checks"), retries=1)
    manifest = json.loads((outcome.folder / "run.json").read_text())
    assert RunJson.model_validate(manifest).model_dump(mode="json") == manifest
