"""The consoles that commands print on: standard output and standard error."""

from rich.console import Console

STDOUT = Console(highlight=False)
STDERR = Console(stderr=True, highlight=False)


def print_line(console: Console, text: str) -> None:
    """Print a line that may hold foreign text, without its escapes of terminals, or markup."""
    from securenet_obs.runner.plain_text import plain_text

    console.print(plain_text(text), markup=False, soft_wrap=True)
