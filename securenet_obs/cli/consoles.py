"""The consoles that commands print on: standard output and standard error."""

import sys
from typing import Any

from rich.console import Console
from rich.text import Text


class LineConsole(Console):
    """A console that breaks no line of text, so that it can be copied, and searched in a log."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; a table and live lines are laid out as usual."""
        is_text = all(isinstance(one, str | Text) for one in objects)
        super().print(*objects, **{"soft_wrap": is_text, **options})


STDOUT = LineConsole(highlight=False)
STDERR = LineConsole(stderr=True, highlight=False)


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
