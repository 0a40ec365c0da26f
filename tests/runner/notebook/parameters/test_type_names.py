"""Types of parameters in messages: a noun for each, and a valid example."""

from typing import Any

import pytest

from securenet_obs.runner.notebook.parameters.cell import read_schema
from securenet_obs.runner.notebook.parameters.refusals import for_instance
from securenet_obs.runner.notebook.parameters.type_names import noun

TYPES = {
    "bool": "a boolean",
    "int": "an integer",
    "float": "a number",
    "str": "a text",
    "date": "a date",
    "datetime": "a date with a time",
    "timedelta": "a duration",
    "int | None": "an integer or null",
    "Optional[date]": "a date or null",
    "Literal['a', 3]": "one of 'a', 3",
    "list[date]": "a JSON list",
    "list[list[int]]": "a JSON list",
    "dict[str, timedelta]": "a JSON object",
    "list": "a JSON list",
    "dict": "a JSON object",
    "Annotated[int, Field(ge=1000)]": "an integer",
    "Annotated[int, Field(gt=3, lt=5)]": "an integer",
    "Annotated[float, Field(gt=0, lt=0.5)]": "a number",
    "Annotated[float, Field(gt=-0.5, le=-0.25)]": "a number",
}


@pytest.mark.parametrize(("text", "expected"), TYPES.items())
def test_each_type_has_a_noun_and_an_example_that_it_takes(text: str, expected: str) -> None:
    """Each type's example is accepted: one that is refused would be worse than none."""
    schema = read_schema(f"n: {text}")
    (parameter,) = schema.parameters
    assert noun(parameter.type) == expected
    words = for_instance(parameter).removeprefix("; for instance: -p ").strip("'")
    assert words.startswith("n=")
    value: Any = schema.parse([words.replace("'\"'\"'", "'")])
    assert "n" in value


def test_a_secret_is_never_an_example() -> None:
    """An example contains neither a secret-like default nor the default of a secret-like name."""
    cell = "note: str = 'password=hunter2'\napi_token: str = 'abcdefgh'\nkey: Secret\n"
    examples = [for_instance(parameter) for parameter in read_schema(cell).parameters]
    assert examples[0] == "; for instance: -p note=text"
    assert "abcdefgh" not in examples[1]
    assert examples[2] == "; for instance: -p key=secret:NAME"
