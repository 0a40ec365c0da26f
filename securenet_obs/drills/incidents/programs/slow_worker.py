"""Program of a worker that takes half a second for each batch; `python -m` with celery's arguments.

The seconds are added before the batch is normalised, as on a busy machine.
"""

import runpy
import sys
import time
from typing import Any

BATCH_S = 0.5
"""Seconds that a batch takes in addition."""


def slow_down() -> None:
    """Delay the tasks' function that normalises a batch."""
    from securenet_obs.workers import tasks

    module: Any = tasks
    normalise_batch = module.normalise_batch

    def slowly(*given: Any) -> Any:
        time.sleep(BATCH_S)
        return normalise_batch(*given)

    module.normalise_batch = slowly


if __name__ == "__main__":
    slow_down()
    sys.argv = sys.argv[1:]
    runpy.run_module("celery", run_name="__main__", alter_sys=False)
