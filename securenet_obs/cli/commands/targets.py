"""Commands `lab` and `exec`: JupyterLab, or any program, in the environment of a target."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import choose
from securenet_obs.cli.consoles import STDERR, STDOUT


@click.command()
@options.port
@options.no_browser
@click.option("--edit", is_flag=True, help="Open the project's own files instead of copies.")
@options.target
@options.local
@options.root
def lab(
    port: int, no_browser: bool, edit: bool, target: Path | None, local: bool, root: Path
) -> None:
    """Open JupyterLab on the notebooks, in a target's environment.

    It opens the start page: of the newcomer on a local stack, of on-call on any other target.
    The notebooks are copies without outputs, so that a run changes no file of the project. Copies
    that were changed stay in .securenet/lab. A local stack that it starts is the one that `status`
    and `env` find.

    Example: securenet-obs lab --no-browser --port 8899
    """
    from securenet_obs.runner.lab.copies import find_start_page, opened_folder
    from securenet_obs.runner.lab.server import jupyter_lab, wait_for
    from securenet_obs.stack import find_stack_of, watch_parts
    from securenet_obs.stack.state import default_root

    choice = choose(target, local=local, root=root)
    choice.check()
    with (
        choice.enter(STDOUT, is_found=True) as active_target,
        opened_folder(root, None if edit else default_root() / "lab") as folder,
        jupyter_lab(
            folder,
            active_target.shell_environment(),
            start=find_start_page(folder, is_local=active_target.local),
            port=port,
            browser=not no_browser,
        ) as server,
    ):
        if state := find_stack_of(active_target.environment):
            STDOUT.print(f"Errors: {state.describe_dashboard()}", soft_wrap=True)
        STDOUT.print(f"JupyterLab: {server.url} (Ctrl-C ends it)", soft_wrap=True)
        with watch_parts(active_target.environment, _report_dead_part):
            wait_for(server.process)


def _report_dead_part(sentence: str) -> None:
    STDERR.print(sentence, style="bold red", soft_wrap=True)


@click.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@options.target
@options.local
def execute(command: tuple[str, ...], target: Path | None, local: bool) -> None:
    """Run any command in the environment of a target.

    Example: securenet-obs exec -- papermill notebooks/02*.ipynb out.ipynb
    """
    from securenet_obs.runner.target import search_path

    path = search_path(os.environ.get("PATH", ""))
    program = shutil.which(command[0], path=path)
    if program is None:
        raise click.UsageError(f"{command[0]}: there is no such program.")
    choice = choose(target, local=local)
    choice.check()
    with choice.enter(STDERR) as active_target:
        completed = subprocess.run(  # noqa: S603
            [program, *command[1:]], env=active_target.shell_environment(), check=False
        )
    sys.exit(completed.returncode)


COMMANDS = (lab, execute)
