"""Consoles of the commands: results go to standard output, all else to standard error."""

from rich.console import Console

STDOUT = Console(highlight=False)
STDERR = Console(stderr=True, highlight=False)
