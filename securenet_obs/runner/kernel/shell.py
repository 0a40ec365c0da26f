"""The kernel's IPython shell, which also notes the errors that it shows or that magics only print.

Its class has the name of ipykernel's, by which libraries recognise a notebook.
"""

import asyncio
import bdb
import builtins
import contextlib
import cProfile
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ipykernel import zmqshell
from IPython.core.alias import AliasManager
from IPython.core.logger import Logger
from IPython.core.ultratb import FormattedTB
from traitlets.config import Configurable

from securenet_obs.runner.kernel.faults import Faults

_PRINTED_LINES: dict[str, tuple[Any, str]] = {
    "alias": (AliasManager, "define_alias"),
    "unalias": (AliasManager, "undefine_alias"),
    "config": (Configurable, "update_config"),
    "gui": (zmqshell.ZMQInteractiveShell, "enable_gui"),
    "tb": (FormattedTB, "set_mode"),
    "xmode": (FormattedTB, "set_mode"),
    "cd": (os, "chdir"),
    "pushd": (os, "chdir"),
    "popd": (os, "chdir"),
    "prun": (cProfile.Profile, "runctx"),
    "debug": (builtins, "input"),
    "logstart": (Logger, "logstart"),
    "run": (bdb.Bdb, "run"),
}
"""Line magics that print an error and continue, each with the call that raises it."""

_PRINTED_CELLS: dict[str, tuple[Any, str]] = {
    "debug": (builtins, "input"),
    "prun": (cProfile.Profile, "runctx"),
    "shebang": (asyncio, "create_subprocess_exec"),
    "named_script_magic": (asyncio, "create_subprocess_exec"),
}
"""The same for cell magics, by function name: `%%bash` is a `named_script_magic`."""


class _NotedDisplay:
    """Descriptor for `showtraceback` that notes each error, even if the method was replaced."""

    name = "showtraceback"

    def __get__(self, shell: Any, owner: type) -> Any:
        if shell is None:
            return self
        replaced = vars(shell).get(self.name)
        show = replaced or getattr(super(ZMQInteractiveShell, shell), self.name)

        def noted(*arguments: Any, **options: Any) -> Any:
            shown = arguments[0] if arguments else options.get("exc_tuple")
            shell.faults.note((shown or sys.exc_info())[1], "traceback")
            return show(*arguments, **options)

        return noted

    def __set__(self, shell: Any, value: Any) -> None:
        vars(shell)[self.name] = value

    def __delete__(self, shell: Any) -> None:
        del vars(shell)[self.name]


class ZMQInteractiveShell(zmqshell.ZMQInteractiveShell):
    """ipykernel's shell, which notes the errors of a cell in `faults`.

    Upstream: ipython/ipython#12291, open, for `%run`; ipython/ipykernel#1520, closed, for display
    methods. Can go when the reply to a cell has the status `error` for every error that it shows.
    """

    faults = Faults()
    showtraceback = _NotedDisplay()

    async def run_cell_async(self, *arguments: Any, **options: Any) -> Any:
        """Run a cell, the kernel's or a nested one; note its error."""
        result = await super().run_cell_async(*arguments, **options)
        self.faults.note(result.error_before_exec or result.error_in_exec, "cell")
        return result

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run a line magic; note an error that it only prints."""
        with self._recording_errors(_PRINTED_LINES.get(magic_name)):
            return super().run_line_magic(magic_name, line, _stack_depth + 1)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Run a cell magic; note an error that it only prints."""
        function = getattr(self.find_cell_magic(magic_name), "__name__", "")  # type: ignore[no-untyped-call]
        with self._recording_errors(_PRINTED_CELLS.get(function)):
            return super().run_cell_magic(magic_name, line, cell)  # type: ignore[no-untyped-call]

    @contextlib.contextmanager
    def _recording_errors(self, call: tuple[Any, str] | None) -> Iterator[None]:
        """Note the errors that `call` raises, unless the block raises: its error may be handled."""
        if call is None:
            yield
            return
        owner, name = call
        original = getattr(owner, name)
        raised: list[BaseException] = []
        setattr(owner, name, _listed(original, raised))
        try:
            yield
        finally:
            setattr(owner, name, original)
        for error in raised:
            self.faults.note(error, "magic")


def _listed(call: Callable[..., Any], raised: list[BaseException]) -> Callable[..., Any]:
    """Return a wrapper of `call` that appends its errors to `raised`."""

    def listed(*arguments: Any, **options: Any) -> Any:
        try:
            return call(*arguments, **options)
        except BaseException as error:
            raised.append(error)
            raise

    async def awaited(*arguments: Any, **options: Any) -> Any:
        try:
            return await call(*arguments, **options)
        except BaseException as error:
            raised.append(error)
            raise

    return awaited if asyncio.iscoroutinefunction(call) else listed
