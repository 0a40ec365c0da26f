"""The kernel of a run: ipykernel, with shell lines that can fail and output that is never dropped.

It is started as `python -m securenet_obs.runner.kernel -f CONNECTION_FILE`.
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

from securenet_obs.runner.faults import FAULTS, Faults
from securenet_obs.runner.leaving import run_main, vanish_at_exit
from securenet_obs.runner.messages import packed
from securenet_obs.runner.processes import has_children
from securenet_obs.runner.shell import ZMQInteractiveShell
from securenet_obs.runner.values import INQUIRY, VALUES, read

ARGUMENTS = (
    "--InteractiveShell.system_raise_on_error=True",
    f"--Session.packer={packed.__module__}.{packed.__qualname__}",
)
"""`!false` fails its cell, and no text of a cell keeps a message from being sent."""

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
    """An ipykernel whose replies hold every error that was noticed, and values that are asked for.

    It does not look for children at its end if it has none.
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
        """Execute a cell; add what its own reply leaves out."""
        expressions = dict(user_expressions or {})
        inquiry = json.loads(expressions.pop(INQUIRY, "{}"))
        reply = await super().do_execute(  # type: ignore[no-untyped-call]
            code,
            silent,
            store_history,
            expressions,
            allow_stdin,
            cell_meta=cell_meta,
            cell_id=cell_id,
        )
        faults = self._faults()
        if inquiry.get("last"):
            faults.note_unread_tasks()
        shell: Any = self.shell
        values = {
            name: read(name, shell.user_global_ns, shell.user_ns)
            for name in inquiry.get("names", [])
        }
        return {**reply, FAULTS: faults.take(), VALUES: values}

    def start(self) -> None:
        """Start; what start-up files did wrong is in the kernel's log, and is not a cell's."""
        super().start()  # type: ignore[no-untyped-call]
        self._faults().take()
        self._faults().watch_threads()
        self._faults().watch_tasks()
        self._faults().watch_reloads()

    def _faults(self) -> Faults:
        return ZMQInteractiveShell.faults

    async def _progressively_terminate_all_children(self) -> None:
        """Look through all processes of the machine only if there can be anything to find."""
        if has_children():
            await super()._progressively_terminate_all_children()  # type: ignore[no-untyped-call]


class RunKernelApp(IPKernelApp):
    """An ipykernel whose output channel holds whatever the reader has not taken yet."""

    kernel_class = Type(RunKernel)

    def initialize(self, argv: list[str] | None = None) -> None:
        """Start up, then have cells import from the working folder, as in any other kernel.

        Not earlier: a file there must not shadow what the kernel itself imports.
        """
        super().initialize(argv)  # type: ignore[no-untyped-call]
        if "" not in sys.path:
            sys.path.insert(_behind_standard_library(), "")

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


def _behind_standard_library() -> int:
    """Return where IPython puts the working folder in `sys.path`: before installed packages."""
    names = [Path(path).name for path in sys.path]
    installed = (names.index(name) for name in ("site-packages", "dist-packages") if name in names)
    return min(installed, default=len(names))


def main(arguments: list[str]) -> None:
    """Run a kernel until it is told to stop."""
    RunKernelApp.launch_instance(argv=[*arguments, *ARGUMENTS])


_import_late()

if __name__ == "__main__":
    vanish_at_exit()
    run_main(main, sys.argv[1:])
