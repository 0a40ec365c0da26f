"""The kernel of a run: ipykernel, with shell lines that can fail and output that is never dropped.

It is started as `python -m securenet_obs.runner.kernel -f CONNECTION_FILE`.
"""

import importlib
import sys
from typing import Any

import zmq
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets import Type

from securenet_obs.runner.leaving import run_main, vanish_at_exit
from securenet_obs.runner.processes import has_children

ARGUMENTS = ("--InteractiveShell.system_raise_on_error=True",)
"""`!false` fails its cell."""

LATE = ("ipykernel.debugger", "tornado.platform.asyncio", "tornado.queues")
"""What every ipykernel imports when it starts: here, so that a warm server has it."""


def _import_late() -> None:
    """Import the rest of ipykernel, without its debugger: half of a kernel's start is debugpy."""
    # None is Python's own mark for a module that must not be found.
    debugger = sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]
    for name in LATE:
        importlib.import_module(name)
    if debugger is None:
        del sys.modules["debugpy"]


class RunKernel(IPythonKernel):
    """An ipykernel that does not look for children at its end if it has none."""

    async def _progressively_terminate_all_children(self) -> None:
        """Look through all processes of the machine only if there can be anything to find."""
        if has_children():
            await super()._progressively_terminate_all_children()  # type: ignore[no-untyped-call]


class RunKernelApp(IPKernelApp):
    """An ipykernel whose output channel holds whatever the reader has not taken yet."""

    kernel_class = Type(RunKernel)

    def init_iopub(self, context: "zmq.Context[Any]") -> None:
        """Lift the limit of 1,000 waiting messages, beyond which ZeroMQ drops without a word.

        A dropped "idle" message looks like a cell that hangs.
        """
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)  # type: ignore[no-untyped-call]

    def start(self) -> None:
        """Serve until told to stop, and until the answer to that is out.

        ipykernel leaves at once, and closes the output channel; the thread that answers may be
        about to flush it, and then waits for nobody, until it is killed.
        """
        super().start()  # type: ignore[no-untyped-call]
        if self.control_thread and self.control_thread.is_alive():
            self.control_thread.stop()
            self.control_thread.join()


def main(arguments: list[str]) -> None:
    """Run a kernel until it is told to stop."""
    RunKernelApp.launch_instance(argv=[*arguments, *ARGUMENTS])


_import_late()

if __name__ == "__main__":
    vanish_at_exit()
    run_main(main, sys.argv[1:])
