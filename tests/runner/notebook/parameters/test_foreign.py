"""Parameters of foreign notebooks: every assigned name, typed where its default is a literal."""

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from papermill.cli import _resolve_type

from securenet_obs.errors import ParametersError
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.notebook.parameters.defaults import REQUIRED, Computed
from securenet_obs.runner.notebook.parameters.foreign import read_foreign_schema, resolved

COMPUTED = """from datetime import datetime, timedelta, timezone
ws_name = "Default"  # the workspace
incident_id = None
end = datetime.now(timezone.utc)
start = end - timedelta(days=5)"""


def names(source: str) -> list[str]:
    return [row.name for row in read_foreign_schema(source).parameters]


def types(source: str) -> dict[str, str]:
    return {row.name: row.type_text for row in read_foreign_schema(source).parameters}


def test_computed_defaults_have_no_type_and_show_their_source() -> None:
    """All assigned names are listed in order, without imports."""
    rows = {row.name: row for row in read_foreign_schema(COMPUTED).parameters}
    assert list(rows) == ["ws_name", "incident_id", "end", "start"]
    assert rows["ws_name"].described() == {
        "name": "ws_name", "type": "str", "default": "'Default'", "help": "the workspace",
    }  # fmt: skip
    assert rows["end"].default == Computed("datetime.now(timezone.utc)")
    assert rows["start"].described()["default"] == "end - timedelta(days=5)"
    assert rows["incident_id"].default is None


@pytest.mark.parametrize(
    "text",
    ["5", "1.5", "1e3", "True", "False", "None", "true", "", "2024-06-04", "007", "a=b", "-3"],
)  # fmt: skip
def test_untyped_values_are_read_as_by_papermill(text: str) -> None:
    """An untyped value gets the same value and type as from papermill's own `-p`."""
    schema = read_foreign_schema("x = f()")
    value = schema.parse([f"x={text}"])["x"]
    assert (value, type(value)) == (_resolve_type(text), type(_resolve_type(text)))


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1e999", "9" * 5000])
def test_values_outside_of_json_stay_text(text: str) -> None:
    """The injected cell and run.json hold the text as it was written."""
    assert resolved(text) == text


@pytest.mark.parametrize(
    ("source", "assignment", "expected"),
    [
        ("n = 3", "n=5", 5),
        ("n = 3.0", "n=5", 5.0),
        ("n = -3", "n=5", 5),
        ("n = 'a'", "n=5", "5"),
        ("n = True", "n=false", False),
        ("n = [1]", 'n=["a", 2]', ["a", 2]),
        ("n = {}", 'n={"a": 1}', {"a": 1}),
        ("n = (1, 2)", "n=[3]", (3,)),
        ("n = date(2024, 1, 2)", "n=2024-06-04", dt.date(2024, 6, 4)),
        ("n: int = 3", "n=5", 5),
        ("n: MyType = 3", "n=5", 5),
        ("n: int = f()", "n=5", 5),
        ("n: Optional[int] = None", "n=5", 5),
        ("n = {1, 2}", "n=5", 5),
        ("n = b'a'", "n=5", 5),
        ("n = 1e999", "n=5", 5),
        ("n = [f()]", "n=5", 5),
    ],
)
def test_a_literal_gives_its_type(source: str, assignment: str, expected: Any) -> None:
    """A literal default sets the type; any other default takes a value as papermill does."""
    value = read_foreign_schema(source).parse([assignment])["n"]
    assert (value, type(value)) == (expected, type(expected))


def test_a_value_of_another_type_is_refused() -> None:
    """A wrong number and an unknown name are refused before a kernel starts."""
    schema = read_foreign_schema("n = 3\nend = now()")
    with pytest.raises(ParametersError, match="n: 'abc'"):
        schema.parse(["n=abc"])
    message = r"ned: unknown\. Did you mean end\? This notebook has n, end"
    with pytest.raises(ParametersError, match=message):
        schema.parse(["ned=2024"])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a, b = 1, 'x'", {"a": "int", "b": "str"}),
        ("a, b = f()", {"a": "any", "b": "any"}),
        ("a, *b = 1, 2, 3", {"a": "any", "b": "any"}),
        ("(a, [b, c]) = 1, [2, f()]", {"a": "int", "b": "int", "c": "any"}),
        ("a = b = 1", {"a": "int", "b": "int"}),
        ("a = 1\na += 1", {"a": "any"}),
        ("a = f()\na = 'x'", {"a": "str"}),
        ("a = 1\nb = 2\ndel a", {"b": "int"}),
        ("x.a = 1\nx['b'] = 2\nc = 3", {"c": "int"}),
        ("n: int", {"n": "int"}),
        ("if f():\n    a = 1\nelse:\n    b = 2", {"a": "any", "b": "any"}),
        ("try:\n    a = f()\nexcept KeyError:\n    a = 1", {"a": "any"}),
        ("with f() as g:\n    a = 1", {"a": "any"}),
        ("def f():\n    a = 1\nclass B:\n    b = 1\nfor i in ():\n    pass", {}),
        ("a = await f()", {"a": "any"}),
        ("for i in f():\n    a = 1\nelse:\n    b = 2", {"a": "any", "b": "any"}),
        ("async for i in f():\n    a = 1", {"a": "any"}),
        ("async with f():\n    a = 1", {"a": "any"}),
        ("while f():\n    a = 1\nelse:\n    b = 2", {"a": "any", "b": "any"}),
        ("match f():\n case 1:\n  a = 1\n case b:\n  c = 2", {"a": "any", "c": "any"}),
        ("try: f()\nexcept* KeyError: a = 1\nfinally: b = 2", {"a": "any", "b": "any"}),
        ("if f():\n    for i in f():\n        with g():\n            a = 1", {"a": "any"}),
        ("for i in f():\n    def a():\n        b = 1", {}),
    ],
)  # fmt: skip
def test_every_way_to_assign_a_name_is_read(source: str, expected: dict[str, str]) -> None:
    """Every kind of assignment is read; a value that depends on earlier code has no type."""
    assert types(source) == expected


def test_a_name_that_is_annotated_alone_is_required() -> None:
    """The name has a type and no value, so it is required."""
    (row,) = read_foreign_schema("n: int").parameters
    assert row.default is REQUIRED
    with pytest.raises(ParametersError, match="n: required"):
        read_foreign_schema("n: int").parse([])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%load_ext autoreload\nws = 'a'  # the workspace\nn = 3", {"ws": "str", "n": "int"}),
        ("!pip list\nn = 3", {"n": "int"}),
        ("n = 3\nn?", {"n": "int"}),
        ("?help\nn = 3", {"n": "int"}),
        ("files = !ls\nn = 3", {"files": "any", "n": "int"}),
        ("where = %pwd\nn = 3", {"where": "any", "n": "int"}),
        ("if True:\n    %time 1\nn = 3", {"n": "int"}),
        ("%%time\nn = 3", {"n": "int"}),
        ("%%capture out\n%time 1\nn = 3", {"n": "int"}),
        ("%%bash\nn = 3", {}),
        ("    n = 3", {"n": "int"}),
        ("n = = 3", {}),
        ("not python", {}),
        ("", {}),
        ("n = 3\0", {}),
        ("n = " + "(" * 5000 + ")" * 5000, {}),
    ],
)
def test_whatever_ipython_accepts_is_read(source: str, expected: dict[str, str]) -> None:
    """Parameters are read beside magics, shell lines and help lines; other text has none."""
    assert types(source) == expected


def test_help_stays_beside_a_magic() -> None:
    """The comment behind a parameter is its help, also beside IPython's syntax."""
    rows = read_foreign_schema("%matplotlib inline\nn = 3  # how many\n").parameters
    assert rows[0].help == "how many"


def test_a_foreign_notebook_is_shown_and_run_with_parameters(
    write_notebook: Callable[..., Path],
    execute: Callable[..., Outcome],
    command_line: Callable[..., Any],
) -> None:
    """`show --json` lists all parameters; a given value reaches the kernel and the record."""
    check = "assert end == '2024-06-04', end\nassert ws_name == 'Default'\nassert start is not None"
    path = write_notebook(check, parameters=f"%pwd\n{COMPUTED}", foreign=True)
    description = json.loads(command_line("show", path, "--plain", "--json").stdout)
    assert [row["name"] for row in description["parameters"]] == names(COMPUTED)
    outcome = execute(path, plain=True, assignments=["end=2024-06-04"])
    assert str(outcome.verdict) == "passed"
    parameters = outcome.manifest["runs"][0]["parameters"]
    assert parameters == {
        "ws_name": "Default", "incident_id": None, "end": "2024-06-04", "start": None,
    }  # fmt: skip


def test_a_notebook_without_a_parameters_cell_takes_none(
    write_notebook: Callable[..., Path], command_line: Callable[..., Any]
) -> None:
    """A given parameter is refused with the reason, and exit code 2."""
    answer = command_line("run", write_notebook("1", foreign=True), "--plain", "-p", "n=1")
    assert answer.returncode == 2
    assert "n: unknown; this notebook has no cell with the tag `parameters`" in answer.stderr


def test_ipython_is_imported_only_for_its_own_syntax() -> None:
    """A cell of plain Python is read without importing IPython."""
    code = (
        "import sys\n"
        "from securenet_obs.runner.notebook.parameters.foreign import read_foreign_schema\n"
        "read_foreign_schema('n = f()')\nassert 'IPython' not in sys.modules\n"
        "read_foreign_schema('%pwd')\nassert 'IPython' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
