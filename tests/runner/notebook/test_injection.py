"""A run's parameters: their place in its notebook, and the same values in the kernel."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import ParametersError
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.notebook.injection import compared, differences, effective, is_read_back
from securenet_obs.runner.notebook.preparation import prepare

DEFAULT = ("n = 1", "parameters")
STALE = ("# Parameters\nn = 7", "injected-parameters")
OTHER = ("x = 0",)

Row = tuple[str, ...]


@pytest.fixture
def write_cells(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a foreign notebook of cells, each a text and its tags."""

    def write(*rows: Row) -> Path:
        cells = [
            {
                "cell_type": "code",
                "metadata": {"tags": list(tags)},
                "source": text,
                "outputs": [],
                "execution_count": None,
            }
            for text, *tags in rows
        ]
        path = tmp_path / "foreign.ipynb"
        path.write_text(
            json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})
        )
        return path

    return write


GIVEN = "n = 5"
PLACES: dict[str, tuple[tuple[Row, ...], list[str]]] = {
    "behind the parameters cell": ((OTHER, DEFAULT, OTHER), ["x = 0", "n = 1", GIVEN, "x = 0"]),
    "for that of an earlier run": ((DEFAULT, STALE, OTHER), ["n = 1", GIVEN, "x = 0"]),
    "for several of them": ((DEFAULT, STALE, OTHER, STALE), ["n = 1", GIVEN, "x = 0"]),
    "not before the defaults": ((STALE, DEFAULT, OTHER), ["n = 1", GIVEN, "x = 0"]),
    "not behind their use": ((DEFAULT, OTHER, STALE), ["n = 1", GIVEN, "x = 0"]),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_given_parameters_stand_in_one_cell_and_are_the_last_to_set_them(
    name: str, write_cells: Callable[..., Path]
) -> None:
    """Given values form cell 0 behind the defaults, in place of earlier ones, and are read back."""
    rows, expected = PLACES[name]
    cells = prepare(read_notebook(write_cells(*rows), plain=True), {"n": 5}).document["cells"]
    assert [cell["source"].splitlines()[-1] for cell in cells] == expected
    marked = [cell for cell in cells if is_read_back(cell)]
    assert [cell["metadata"]["securenet"]["cell"] for cell in marked] == [0]
    numbers = [cell["metadata"]["securenet"]["cell"] for cell in cells]
    assert [number for number in numbers if number] == list(range(1, len(cells)))


def test_without_a_parameters_cell_they_replace_those_of_an_earlier_run_or_stand_at_the_top(
    write_cells: Callable[..., Path],
) -> None:
    """Given values replace an earlier injected cell or come first, as in papermill."""
    for rows, place in (((OTHER, STALE), 1), ((OTHER,), 0)):
        cells = prepare(read_notebook(write_cells(*rows), plain=True), {"n": 5}).document["cells"]
        assert [index for index, cell in enumerate(cells) if "n = 5" in cell["source"]] == [place]
        assert not any("n = 7" in cell["source"] for cell in cells)


def test_without_given_parameters_the_values_of_an_earlier_run_are_those_of_this_one(
    write_cells: Callable[..., Path],
) -> None:
    """An earlier injected cell stays, as in papermill, and its values are recorded."""
    notebook = read_notebook(write_cells(DEFAULT, STALE, OTHER), plain=True)
    assert effective(notebook, {}) == {"n": 7}
    assert compared(notebook, {}) == {"n": "int 7"}
    notebook = read_notebook(write_cells(STALE, DEFAULT, OTHER), plain=True)
    assert effective(notebook, {}) == {"n": 1}
    assert compared(notebook, {}) == {"n": "int 1"}
    assert effective(notebook, {"n": 5}) == {"n": 5}


SECOND = ("n = 2", "parameters")


def test_a_second_parameters_cell_counts_as_the_first_one_does(
    write_cells: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Given values follow the first cell, as in papermill; the second must not override them."""
    path = write_cells(DEFAULT, OTHER, SECOND)
    cells = prepare(read_notebook(path, plain=True), {"n": 5}).document["cells"]
    assert [cell["source"].splitlines()[-1] for cell in cells] == [
        "n = 1",
        GIVEN,
        "x = 0",
        "n = 2",
    ]
    assert effective(read_notebook(path, plain=True), {}) == {"n": 2}
    (record,) = execute(path, plain=True).runs
    assert record.judged is not None
    assert record.judged["verdict"] == "passed"
    (record,) = execute(path, plain=True, assignments=["n=5"]).runs
    assert record.judged is not None
    assert record.judged["reason"] == "parameter n is recorded as 5, the kernel has int 2"


def test_a_tagged_cell_of_text_is_not_the_parameters_cell(
    write_cells: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Given values follow the code cell that has the defaults."""
    path = write_cells(("Text", "parameters"), DEFAULT, ("assert n == 5, n",))
    document = json.loads(path.read_text())
    document["cells"][0] = {"cell_type": "markdown"} | {
        name: document["cells"][0][name] for name in ("metadata", "source")
    }
    path.write_text(json.dumps(document))
    (record,) = execute(path, plain=True, assignments=["n=5"]).runs
    assert record.judged is not None
    assert record.judged["verdict"] == "passed"


def test_only_literals_and_given_values_are_compared(write_cells: Callable[..., Path]) -> None:
    """A value that a foreign notebook computes is not compared: it is unknown before the run."""
    source = "import os\nn = 1\nmany = [1]\nmany_more = many + [2]\nhome = os.getcwd()"
    notebook = read_notebook(write_cells((source, "parameters")), plain=True)
    assert compared(notebook, {}) == {"n": "int 1"}
    assert compared(notebook, {"many": [3]}) == {"n": "int 1", "many": "list [int 3]"}


def test_a_difference_names_parameter_record_and_value_and_no_secret() -> None:
    """A value with a secret-like name is masked; a reference is not."""
    expected: dict[str, tuple[str, Any]] = {
        "n": ("int 5", 5),
        "same": ("int 1", 1),
        "password": ('str "given"', "[redacted]"),
        "token": ("Secret secret:A_TOKEN", "secret:A_TOKEN"),
    }
    actual = {
        "n": "int 7",
        "same": "int 1",
        "password": 'str "planted-one"',
        "token": "Secret secret:B_TOKEN",
    }
    reason = differences(expected, actual)
    assert reason.startswith(
        "parameter n is recorded as 5, the kernel has int 7; "
        'parameter password is recorded as "[redacted]", the kernel has ['
    )
    assert "planted-one" not in reason
    assert "same" not in reason
    assert Masker().text(reason) == reason
    assert 'recorded as "secret:A_TOKEN", the kernel has Secret secret:B_TOKEN' in reason
    assert differences({"n": ("int 5", 5)}, {}) == (
        "parameter n is recorded as 5, the kernel has no value"
    )


def test_given_parameters_win_over_an_earlier_run(
    write_cells: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Given values replace those that papermill injected in an earlier run."""
    path = write_cells(DEFAULT, STALE, ("assert n == 5, n",), ("n = 9",))
    outcome = execute(path, plain=True, assignments=["n=5"])
    (record,) = outcome.runs
    assert str(outcome.verdict) == "passed"
    assert record.started["parameters"] == {"n": 5}
    assert record.parameters_read is not None
    assert (record.parameters_read["names"], record.parameters_read["cell"]) == (["n"], 0)
    assert list(record.finished) == [1, 0, 2, 3]


HOOK = "get_ipython().events.register({event!r}, lambda *_: {act})\n"
PLANT = "get_ipython().user_ns.update({name}=7)"
START_UP = (
    "".join(
        HOOK.format(event=event, act=PLANT.format(name=event))
        for event in ("post_run_cell", "pre_run_cell", "pre_execute", "post_execute")
    )
    + HOOK.format(event="post_run_cell", act="get_ipython().user_ns.update(kind=5.0)")
    + "import ast\nclass Seven(ast.NodeTransformer):\n"
    "    def visit_Constant(self, node):\n"
    "        return ast.copy_location(ast.Constant(7), node) if node.value == 6 else node\n"
    "get_ipython().ast_transformers.append(Seven())\n"
    "class Names(dict):\n"
    "    def __getitem__(self, name): return 7 if name == 'looked_up' else "
    "super().__getitem__(name)\n"
    "get_ipython().user_ns = Names(get_ipython().user_ns)\n"
)
PLANTED = {
    "post_run_cell": 5, "pre_run_cell": 5, "pre_execute": 5, "post_execute": 5, "kind": 5,
    "transformed": 6, "looked_up": 5,
}  # fmt: skip


def start_up(folder: Path, text: str) -> dict[str, str]:
    """Write a start-up file of IPython; return the variables that enable it."""
    file = folder / "ipython" / "profile_default" / "startup" / "00.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return {"IPYTHONDIR": str(folder / "ipython")}


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_a_value_that_a_start_up_file_plants_fails_the_run(
    cold: bool, tmp_path: Path, write_cells: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Later cells do not run, and the reason names each parameter, however it was planted."""
    environment = start_up(tmp_path, START_UP)
    defaults = "\n".join(f"{name} = 1" for name in (*PLANTED, "untouched"))
    path = write_cells((defaults, "parameters"), OTHER)
    given = [f"{name}={value}" for name, value in PLANTED.items()]
    outcome = execute(path, plain=True, assignments=given, environment=environment, cold=cold)
    (record,) = outcome.runs
    assert record.judged is not None
    assert record.judged["reason"] == "; ".join(
        f"parameter {name} is recorded as {value}, the kernel has "
        f"{'float 5.0' if name == 'kind' else 'int 7'}"
        for name, value in PLANTED.items()
    )
    assert (record.judged["verdict"], record.judged["cell"]) == ("error", 0)
    assert list(record.finished) == [1, 0]


def test_a_kernel_that_hangs_when_it_is_asked_is_a_timeout(
    tmp_path: Path, write_cells: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The cell deadline applies to the read-back of parameters as well."""
    hangs = "(__import__('time').sleep(60) if 'n' in get_ipython().user_ns else None)"
    environment = start_up(tmp_path, HOOK.format(event="pre_run_cell", act=hangs))
    outcome = execute(write_cells(DEFAULT), plain=True, environment=environment, cell_deadline_s=2)
    assert str(outcome.verdict) == "timeout"


def test_a_kernel_that_dies_when_it_is_asked_is_dead(
    tmp_path: Path, write_cells: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The verdict is `kernel_died`, and no value was read back."""
    dies = "(__import__('os')._exit(0) if 'n' in get_ipython().user_ns else None)"
    environment = start_up(tmp_path, HOOK.format(event="pre_run_cell", act=dies))
    outcome = execute(write_cells(DEFAULT), plain=True, environment=environment)
    assert str(outcome.verdict) == "kernel_died"


def test_an_error_while_the_parameters_are_read_back_fails_the_run(
    tmp_path: Path, write_cells: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The read-back reports the error itself: an inquiry is not a cell that could fail."""
    once = "(1 / 0 if get_ipython().user_ns.pop('armed', None) else None)"
    environment = start_up(tmp_path, HOOK.format(event="pre_run_cell", act=once))
    path = write_cells(("n = 1\narmed = True", "parameters"), OTHER)
    (record,) = execute(path, plain=True, environment=environment).runs
    assert record.judged is not None
    assert record.judged["reason"] == "ZeroDivisionError: division by zero"
    assert (record.judged["verdict"], list(record.finished)) == ("error", [1])


def test_every_kind_of_parameter_is_read_back_as_it_is_recorded(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Defaults and given values, nested, large and dated, are read back; secrets as references."""
    parameters = (
        "from datetime import date, datetime, timedelta\n"
        "from typing import Annotated\nfrom pydantic import Field\n"
        "from securenet_obs.runner import Secret\n"
        "seconds: Annotated[float, Field(gt=0)] = 20\n"
        "day: date = date(2026, 1, 2)\nat: datetime = datetime(2026, 1, 2)\n"
        "span: timedelta = timedelta(days=1)\nrows: list[dict[str, int]] = [{'a': 1}]\n"
        "text: str = 'ä\\n'\nbig: int = 1\nmaybe: int | None = None\n"
        "token: Secret = Secret('secret:SOME_TOKEN')\n"
    )
    given = [
        f"text={'x' * 100_000}", f"big={10**300}", "span=P100000DT0.000001S",
        "at=2026-01-02T03:04:05.000006+02:00", 'rows=[{"a": 1}, {"b": 2}]',
    ]  # fmt: skip
    path = write_notebook("1", parameters=parameters, kind="runbook")
    for assignments in ([], given):
        outcome = execute(path, assignments=assignments, environment={"SOME_TOKEN": "abcdefgh"})
        (record,) = outcome.runs
        assert record.judged is not None
        assert record.judged["reason"] == ""
        assert record.parameters_read is not None
        assert len(record.parameters_read["names"]) == 9


def test_parameters_that_fail_are_their_own_error(
    write_cells: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The error of the parameters cell is the reason, and no value is read back."""
    (record,) = execute(write_cells(("n = 1\nm = 1 / 0", "parameters")), plain=True).runs
    assert record.judged is not None
    assert record.judged["reason"] == "ZeroDivisionError: division by zero"
    assert record.parameters_read is None


EARLIER = ("# Parameters\nn = 7\nm = 'a'\nx = float('nan')", "injected-parameters")


def test_a_cell_of_an_earlier_run_has_the_names_where_no_other_has(
    write_cells: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The cell is replaced; its other values are kept, recorded and set in the kernel."""
    path = write_cells(OTHER, EARLIER, ("assert (n, m) == (5, 'a')",))
    outcome = execute(path, plain=True, assignments=["n=5"])
    assert str(outcome.verdict) == "passed"
    assert outcome.manifest["runs"][0]["parameters"] == {"n": 5, "m": "a", "x": None}
    notebook = read_notebook(path, plain=True)
    assert compared(notebook, {"n": 5}) == {"n": "int 5", "m": 'str "a"'}
    sources = [cell["source"] for cell in prepare(notebook, {"n": 5}).document["cells"]]
    assert sources[1] == "# Parameters of this run\nn = 5\nm = 'a'"
    assert len(sources) == 3


def test_an_unknown_name_is_refused_beside_a_cell_of_an_earlier_run(
    write_cells: Callable[..., Path],
) -> None:
    """A typo is refused, as with a `parameters` cell."""
    notebook = read_notebook(write_cells(EARLIER), plain=True)
    with pytest.raises(ParametersError, match="o: unknown"):
        notebook.schema.parse(["o=1"])
