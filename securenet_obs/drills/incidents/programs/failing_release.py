"""Program of an API whose release fails at every other batch; `python -m` with uvicorn's arguments.

The error is raised where a batch is accepted, as by a change of that code.
"""

import itertools
import runpy
from typing import Any

LIMITS = {"aws": 1_000}
"""Records of a batch by shape; the bug: the shape of an array is missing."""


def break_submissions() -> None:
    """Let the API fail at every other batch, before it is stored."""
    from securenet_obs.api import app

    module: Any = app
    accept = module.accept
    numbers = itertools.count()

    async def accept_within_limits(*given: Any) -> Any:
        shape = "array" if next(numbers) % 2 else "aws"
        LIMITS[shape]
        return await accept(*given)

    module.accept = accept_within_limits


if __name__ == "__main__":
    break_submissions()
    runpy.run_module("uvicorn", run_name="__main__", alter_sys=False)
