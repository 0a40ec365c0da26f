"""Program that restarts a part of a running stack: a named action of runbooks.

It is started as `python -m securenet_obs.stack.restart_program ROOT STACK PART`. PART names the
part or its service.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from securenet_obs.errors import StackError
from securenet_obs.stack.parts.services import SERVICE_PREFIX
from securenet_obs.stack.restarts import request_restart


def main(arguments: Sequence[str]) -> int:
    """Request a restart, and wait for it; return the exit status."""
    root, stack, named = arguments
    part = named.removeprefix(SERVICE_PREFIX)
    try:
        request_restart(part, stack, Path(root))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{part} was restarted and is ready")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
