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
@options.target
@options.local
@options.root
def lab(port: int, no_browser: bool, target: Path | None, local: bool, root: Path) -> None:
    """Open JupyterLab on the notebooks, in a target's environment.

    Outside a project it opens copies of the installed notebooks, in .securenet of this folder;
    existing copies are kept.

    Example: securenet-obs lab --no-browser --port 8899
    """
    from securenet_obs.runner.lab import jupyter_lab, wait_for
    from securenet_obs.runner.notebook.roots import opened_root
    from securenet_obs.stack import watch_parts

    choice = choose(target, local=local, root=root)
    choice.check()
    root = opened_root(root)
    with (
        choice.enter(STDOUT) as active_target,
        jupyter_lab(
            root, active_target.shell_environment(), port=port, browser=not no_browser
        ) as server,
    ):
        process, address = server
        STDOUT.print(f"JupyterLab: {address} (Ctrl-C ends it)", soft_wrap=True)
        with watch_parts(active_target.environment, _report_dead_part):
            wait_for(process)


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
    # Programs of this installation come first, whether or not its folder is on the PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which(command[0], path=path)
    if program is None:
        raise click.UsageError(f"{command[0]}: there is no such program.")
    choice = choose(target, local=local)
    choice.check()
    with choice.enter(STDERR) as active_target:
        environment = {**active_target.shell_environment(), "PATH": path}
        completed = subprocess.run([program, *command[1:]], env=environment, check=False)  # noqa: S603
    sys.exit(completed.returncode)


COMMANDS = (lab, execute)
