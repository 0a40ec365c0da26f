"""The consoles that commands print on: standard output and standard error."""

from rich.console import Console

STDOUT = Console(highlight=False)
STDERR = Console(stderr=True, highlight=False)
