"""Program of a worker that poisonous canaries kill; `python -m` with celery's arguments.

The first argument is the maximum number of starts of a task that never ends: with a high one a
poisonous task is started again and again, as with Celery itself.
"""

import os
import runpy
import signal
import sys
import time
from typing import Any

from securenet_obs.drills.incidents.faults.poison import POISON

RUN_S = 1.0
"""Seconds after which a poisonous canary kills its process."""


def poison(most_starts: int) -> None:
    """Let poisonous canaries kill their process, and bound the starts of a task.

    Args:
        most_starts: maximum number of starts.
    """
    from securenet_obs.workers import tasks
    from securenet_obs.workers.celery_fixes import requests

    module: Any = requests
    module.MAX_STARTS = most_starts
    canary: Any = tasks.echo_canary
    run = canary.run

    def die(text: str) -> Any:
        if text.startswith(POISON):
            time.sleep(RUN_S)
            os.kill(os.getpid(), signal.SIGKILL)
        return run(text)

    canary.run = die


if __name__ == "__main__":
    poison(int(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module("celery", run_name="__main__", alter_sys=False)
