"""The command line as a whole: exit codes, and the help of every command."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from securenet_obs.cli import cli

CHECKED = (
    "from securenet_obs.checks import Checks\nchecks = Checks()\n"
    "checks.expect('it holds', expected=1, observed={})\nchecks.conclude()"
)


@pytest.mark.parametrize(
    ("code", "cell", "options"),
    [
        (0, CHECKED.format(1), []),
        (1, CHECKED.format(2), []),
        (3, "1 / 0", []),
        (4, "import time; time.sleep(60)", ["--cell-deadline", "1"]),
        (5, "import os; os._exit(0)", []),
        (6, "from securenet_obs.errors import UnreachableError as U\nraise U('gone')", []),
    ],
)
def test_the_exit_code_is_the_verdict(
    call: Callable[..., Any],
    code: int,
    cell: str,
    options: list[str],
    write: Callable[..., Path],
    server: str,
    tmp_path: Path,
) -> None:
    """`validate` exits with the code that DESIGN documents for the verdict."""
    write(cell)
    answer = call("validate", "--json", *options, server=server)
    assert answer.returncode == code, answer.stderr
    assert json.loads(answer.stdout)["exit_code"] == code


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "nobody"],
        ["validate", "--jobs", "0"],
        ["run"],
        ["run", "nowhere.ipynb"],
        ["run", "01", "-p", "n=1"],
        ["run", "01", "--target", "no.env"],
        ["nonsense"],
    ],
)
def test_bad_usage_and_bad_parameters_exit_2(
    call: Callable[..., Any], arguments: list[str], write: Callable[..., Path], tmp_path: Path
) -> None:
    """Invalid usage exits 2 with a sentence, and nothing is run."""
    write("1")
    answer = call(*arguments)
    assert answer.returncode == 2
    assert answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "evidence").exists()


def _commands(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from _commands(command)
        else:
            yield command


@pytest.mark.parametrize("command", list(_commands(cli)), ids=lambda command: str(command.name))
def test_the_help_of_each_command_has_an_example(command: click.Command) -> None:
    """The help of every command contains an example."""
    assert re.search(r"Example: .*securenet-obs", str(command.help))
