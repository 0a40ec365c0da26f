"""Program that rotates a secret of a running stack: a named action of runbooks.

It is started as `python -m securenet_obs.stack.rotate_program ROOT STACK VARIABLE OWNER`, with the
leaked key in the variable. Started again, it finds another key in the stack, and does nothing.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from securenet_obs.errors import StackError
from securenet_obs.settings import Settings
from securenet_obs.stack.restarts import request_rotation
from securenet_obs.stack.state import find_running_stack


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Request a rotation, and wait for it; return the exit status."""
    root, stack, variable, owner = arguments
    state = find_running_stack(stack, Path(root))
    leaked = _read_key(environment, variable, owner)
    current = _read_key(state.environment if state else {}, variable, owner)
    if current and leaked != current:
        print(f"the key of {owner} was rotated before")
        return 0
    try:
        request_rotation(owner, stack, Path(root))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{owner} has another key, and the one before is revoked")
    return 0


def _read_key(environment: Mapping[str, str], variable: str, owner: str) -> SecretStr | None:
    keys = Settings(api_keys=SecretStr(environment.get(variable, ""))).tenant_keys
    return keys.get(owner)


if __name__ == "__main__":
    import os

    sys.exit(main(sys.argv[1:], os.environ))
