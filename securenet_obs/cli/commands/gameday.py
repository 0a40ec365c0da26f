"""Command `gameday`: an unknown fault in a local stack, its alert, and a clock."""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json, print_line
from securenet_obs.cli.parameter_types import StackName, WholeNumber
from securenet_obs.env_file import format_exports
from securenet_obs.processes.scratch import scratch_folder


@click.command()
@click.option("--seed", type=WholeNumber(min=0), help="Choose the fault again; random by default.")
@click.option(
    "--name", type=StackName(), default="gameday", show_default=True, help="Name of the stack."
)
@options.evidence
@options.root
@options.as_json
def gameday(seed: int | None, name: str, evidence: Path, root: Path, as_json: bool) -> None:
    """Practise on an unknown fault of a new local stack.

    It starts the stack, injects a fault, and prints its alert. Repair it in another terminal, as
    on call. Commands on standard input: hint, status, done, give up. At `done` probes decide. Exits
    with 1 if the fault was not repaired. The stack ends with the command.

    Example: securenet-obs gameday --seed 7
    """
    from securenet_obs.drills.gameday import GameDay
    from securenet_obs.drills.incidents import INCIDENTS
    from securenet_obs.drills.incidents.proving import RunbookRunner
    from securenet_obs.oncall.history import History
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.runner.notebook.roots import work_folder
    from securenet_obs.stack import LocalStack
    from securenet_obs.stack.state import default_root

    def say(text: str) -> None:
        print_line(STDERR if as_json else STDOUT, text)

    seed = random.SystemRandom().randrange(10_000) if seed is None else seed
    state = default_root(work_folder(root))
    with LocalStack(name, state, report=say) as stack, scratch_folder() as scratch:
        target = stack.folder / "target.env"
        target.touch(mode=0o600)
        target.write_text(format_exports(stack.environment))
        command = f"securenet-obs run NAME --target {os.path.relpath(target)}"
        say(f"Game day {seed}. In another terminal, in this folder: {command}")
        say("The stack is young; these parameters fit its ages:")
        for incident in INCIDENTS.values():
            if incident.parameters:
                say(f"  {incident.runbook} {' '.join(f'-p {row}' for row in incident.parameters)}")
        judge = RunbookRunner(root, scratch)
        game = GameDay(seed, stack, judge, History(evidence), say).play(_read_lines())
        target.unlink(missing_ok=True)
    if as_json:
        print_json(game)
    else:
        for field, value in game.items():
            if field != "steps":
                print_line(STDOUT, f"{field:9} {value}")
        print_rows(STDOUT, game["steps"])
    sys.exit(game["outcome"] != "repaired")


def _read_lines() -> Iterator[str]:
    """Yield the lines of standard input as they come; prompt on a terminal."""
    while True:
        if sys.stdin.isatty():
            STDERR.print("gameday> ", end="")
        line = sys.stdin.readline()
        if not line:
            return
        yield line
