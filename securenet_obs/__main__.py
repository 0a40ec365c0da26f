"""Runs the `securenet-obs` command, also as `python -m securenet_obs`."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process; `run` where its imports are done already, if it can."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["run"]:
        from securenet_obs.runner.kernel.served_command import run_by_server

        status = run_by_server(arguments)
        if status is not None:
            sys.exit(status)
    from securenet_obs.cli import main as run

    run()


if __name__ == "__main__":
    main()
