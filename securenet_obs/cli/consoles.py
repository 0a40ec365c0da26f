"""The consoles that commands print on: standard output and standard error."""

import json
import os
import sys
from typing import IO, Any

import click
from rich.console import Console
from rich.text import Text


class LineConsole(Console):
    """A console that breaks no line of text, so that it can be copied, and searched in a log."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; a table and live lines are laid out as usual."""
        is_text = all(isinstance(one, str | Text) for one in objects)
        super().print(*objects, **{"soft_wrap": is_text, **options})

    def on_broken_pipe(self) -> None:
        """Go on without output if its reader, such as `head`, has ended.

        rich would end the command here, in the middle of its work, with the exit code of a failed
        check.
        """
        self.quiet = True
        discard_output(self.file)


STDOUT = LineConsole(highlight=False)
STDERR = LineConsole(stderr=True, highlight=False)


def discard_output(stream: IO[Any]) -> None:
    """Discard all output to a stream without a reader, also that in its buffer."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def echo(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print text as it is, without rich; go on if its reader has ended.

    click ends the command then, with the exit code of a failed check.
    """
    try:
        click.echo(text, nl=nl, err=err)  # noqa: TID251 the others use this function
    except BrokenPipeError:
        discard_output(sys.stderr if err else sys.stdout)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON on standard output; see `echo`."""
    echo(json.dumps(value, indent=indent))


def log_to_stderr() -> None:
    """Write the log lines of this command to standard error: its output is for programs.

    structlog's own default is standard output. A service configures its lines anew.
    """
    import structlog

    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def print_line(console: Console, text: str) -> None:
    """Print a line that may hold foreign text, without its escapes of terminals, or markup."""
    from securenet_obs.runner.plain_text import plain_text

    console.print(plain_text(text), markup=False, soft_wrap=True)
