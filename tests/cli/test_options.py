"""Options of the commands: their help, their ranges, and the common options of every run."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from securenet_obs.cli import cli, options
from securenet_obs.cli.options import RunOptions


def test_the_options_of_a_run_come_as_one() -> None:
    """A command receives the common options as `run_options`, with the defaults of the help."""
    calls = []

    @click.command()
    @options.jobs
    @options.run_options
    def command(jobs: int, run_options: RunOptions) -> None:
        calls.append((jobs, run_options))

    CliRunner().invoke(command, ["--jobs", "3", "--deadline", "1.5"], catch_exceptions=False)
    plain = RunOptions(
        as_json=False, cold=False, retries=0, cell_deadline=None, deadline=1.5,
        root=Path(), target=None, local=False, evidence=Path("evidence"),
    )  # fmt: skip
    assert calls == [(3, plain)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "--deadline", "0"],
        ["validate", "--retries", "-1"],
        ["validate", "--root", "nowhere"],
        ["validate", "--jobs", "many"],
        ["logs", "check"],
    ],
)
def test_a_value_out_of_range_is_bad_usage(arguments: list[str]) -> None:
    """The error names the option, and the command exits 2."""
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "Error:" in result.output
