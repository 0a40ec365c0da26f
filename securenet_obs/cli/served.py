"""A command in a process of a warm server: the command line, with the caller's terminal."""

import os
import sys

from securenet_obs.runner.kernel.forked import SOCKET


def main(arguments: list[str]) -> None:
    """Run the command line; the first argument is the socket of the server."""
    os.environ[SOCKET], *rest = arguments
    # The streams were opened before they led to the caller's.
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    sys.argv[:] = ["securenet-obs", *rest]
    # The consoles look at the terminal when they are imported.
    from securenet_obs.cli import main as run

    run(rest)
