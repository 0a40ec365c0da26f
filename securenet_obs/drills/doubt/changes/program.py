"""Program that changes a part and runs it: `python -m` with CHANGE[,CHANGE] MODULE ARGUMENT...

A change is a function of this package, such as `sentry.no_ids`.
"""

import runpy
import sys
from importlib import import_module


def apply(names: str) -> None:
    """Make changes in this process.

    Args:
        names: changes, separated by commas.
    """
    for name in names.split(","):
        module, function = name.split(".")
        getattr(import_module(f"securenet_obs.drills.doubt.changes.{module}"), function)()


if __name__ == "__main__":
    apply(sys.argv[1])
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
