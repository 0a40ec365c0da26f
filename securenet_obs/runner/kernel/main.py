"""Program of a run's kernel: drops no output, adds errors and requested values to its replies.

It is started as `python -m securenet_obs.runner.kernel.main -f CONNECTION_FILE`.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import zmq
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets import Type

from securenet_obs.processes.descendants import has_children
from securenet_obs.runner.kernel.fast_exit import enable_fast_exit, run_main
from securenet_obs.runner.kernel.faults import FAULTS, Faults
from securenet_obs.runner.kernel.messages import INQUIRY, VALUES, packed
from securenet_obs.runner.kernel.shell import ZMQInteractiveShell
from securenet_obs.runner.notebook.parameters.values import read

ARGUMENTS = (
    "--InteractiveShell.system_raise_on_error=True",
    f"--Session.packer={packed.__module__}.{packed.__qualname__}",
)
"""`!false` fails its cell, and messages are sent whatever text they contain."""

LATE = ("ipykernel.debugger", "tornado.platform.asyncio", "tornado.queues")
"""Modules that every ipykernel imports at start; imported here so that a warm server has them."""


def _import_late() -> None:
    """Import the rest of ipykernel without debugpy, which takes half of a kernel's start.

    Upstream: ipython/ipykernel#1543 and #1545, open. Can go when a kernel that nobody debugs does
    not import debugpy.
    """
    # Python raises ModuleNotFoundError for a module that is None in `sys.modules`.
    debugger = sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]
    for name in LATE:
        importlib.import_module(name)
    if debugger is None:
        del sys.modules["debugpy"]


class RunKernel(IPythonKernel):
    """An ipykernel that adds all noticed errors and the requested values to its replies.

    At its end it searches for child processes only if it has any.

    Upstream: no issue known (searched 2026-11-26). `_progressively_terminate_all_children` can go
    when ipykernel does not read all processes of the machine to find that it has no children.
    """

    shell_class = Type(ZMQInteractiveShell)

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
        *,
        cell_meta: dict[str, Any] | None = None,
        cell_id: str | None = None,
    ) -> dict[str, Any]:
        """Execute a cell; add unreported errors and requested values to the reply."""
        expressions = dict(user_expressions or {})
        inquiry = json.loads(expressions.pop(INQUIRY, "{}"))
        faults = self._faults()
        faults.origins.begin()
        reply = await super().do_execute(  # type: ignore[no-untyped-call]
            code,
            silent,
            store_history,
            expressions,
            allow_stdin,
            cell_meta=cell_meta,
            cell_id=cell_id,
        )
        shell: Any = self.shell
        if inquiry.get("last") or shell.exit_now:
            faults.note_unread_tasks()
        values = {
            name: read(name, shell.user_global_ns, shell.user_ns)
            for name in inquiry.get("names", [])
        }
        return {**reply, FAULTS: faults.take(), VALUES: values}

    def start(self) -> None:
        """Start the kernel; errors of start-up files are in the kernel's log and fail no cell."""
        super().start()  # type: ignore[no-untyped-call]
        self._faults().take()
        self._faults().origins.watch()
        self._faults().watch_threads()
        self._faults().watch_tasks()
        self._faults().watch_loggers()

    def _faults(self) -> Faults:
        return ZMQInteractiveShell.faults

    async def _progressively_terminate_all_children(self) -> None:
        """Search all processes of the machine only if this process has children."""
        if has_children():
            await super()._progressively_terminate_all_children()  # type: ignore[no-untyped-call]


class RunKernelApp(IPKernelApp):
    """An ipykernel with an output channel that keeps all messages until they are read.

    Upstream: nteract/papermill#426, closed, for dropped messages, and ipython/ipykernel#1518,
    merged, which hides the error of the race at the end, not its wait. `init_iopub` can go when
    ipykernel drops no message, `start` when its `close` ends the control thread first.
    """

    kernel_class = Type(RunKernel)

    def initialize(self, argv: list[str] | None = None) -> None:
        """Start up, then let cells import from the working folder, as in any other kernel.

        Not earlier: a file there must not shadow the kernel's own imports.
        """
        super().initialize(argv)  # type: ignore[no-untyped-call]
        if "" not in sys.path:
            sys.path.insert(_behind_standard_library(), "")

    def init_iopub(self, context: "zmq.Context[Any]") -> None:
        """Lift the limit of 1,000 queued messages, beyond which ZeroMQ silently drops messages.

        A dropped "idle" message looks like a cell that hangs.
        """
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)  # type: ignore[no-untyped-call]

    def start(self) -> None:
        """Serve until a shutdown request, and until the reply to it is sent.

        ipykernel closes the output channel at once; the control thread, which replies, may be
        about to flush it, and would then wait until it is killed.
        """
        super().start()  # type: ignore[no-untyped-call]
        if self.control_thread and self.control_thread.is_alive():
            self.control_thread.stop()
            self.control_thread.join()


def _behind_standard_library() -> int:
    """Return IPython's position for the working folder in `sys.path`: before installed packages."""
    names = [Path(path).name for path in sys.path]
    installed = (names.index(name) for name in ("site-packages", "dist-packages") if name in names)
    return min(installed, default=len(names))


def main(arguments: list[str]) -> None:
    """Run a kernel until it is shut down."""
    RunKernelApp.launch_instance(argv=[*arguments, *ARGUMENTS])


_import_late()

if __name__ == "__main__":
    enable_fast_exit()
    run_main(main, sys.argv[1:])
