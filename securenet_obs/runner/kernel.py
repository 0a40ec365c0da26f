"""The kernel of a run: ipykernel, with shell lines that can fail and output that is never dropped.

It is started as `python -m securenet_obs.runner.kernel -f CONNECTION_FILE`.
"""

import sys
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp

ARGUMENTS = ("--InteractiveShell.system_raise_on_error=True",)
"""`!false` fails its cell."""


class RunKernelApp(IPKernelApp):
    """An ipykernel whose output channel holds whatever the reader has not taken yet."""

    def init_iopub(self, context: "zmq.Context[Any]") -> None:
        """Lift the limit of 1,000 waiting messages, beyond which ZeroMQ drops without a word.

        A dropped "idle" message looks like a cell that hangs.
        """
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)  # type: ignore[no-untyped-call]


def main(arguments: list[str]) -> None:
    """Run a kernel until it is told to stop."""
    RunKernelApp.launch_instance(argv=[*arguments, *ARGUMENTS])


if __name__ == "__main__":
    main(sys.argv[1:])
