"""The kernel's shell: compatible with ipykernel's own, and restored after each magic."""

from collections.abc import Callable
from pathlib import Path

from securenet_obs.runner.command import Outcome

CELLS = {
    "its class has the name that libraries look for": (
        "shell = get_ipython()\nassert type(shell).__name__ == 'ZMQInteractiveShell'\n"
        "from ipykernel.zmqshell import ZMQInteractiveShell\n"
        "assert isinstance(shell, ZMQInteractiveShell)\n"
        "assert shell.system_raise_on_error"
    ),
    "what a magic watches is put back": (
        "import asyncio, bdb, builtins, cProfile, os\n"
        "watched = ((os, 'chdir'), (cProfile.Profile, 'runctx'), (builtins, 'input'),\n"
        "           (bdb.Bdb, 'run'), (asyncio, 'create_subprocess_exec'))\n"
        "before = [getattr(*each) for each in watched]\n"
        "%cd -q .\n%prun -q 1\nget_ipython().run_cell_magic('bash', '', 'true')\n"
        "assert [getattr(*each) for each in watched] == before"
    ),
    "a line magic finds the variables of the function that calls it": (
        "def f():\n    local = 'true'\n    get_ipython().system(local)\n"
        "    get_ipython().run_line_magic('time', 'g(local)')\n"
        "def g(text): assert text == 'true'\nlocal = 'global'\nf()"
    ),
    "its display of errors can be replaced and given back": (
        "from unittest import mock\nshell = get_ipython()\n"
        "with mock.patch.object(shell, 'showtraceback') as show:\n"
        "    shell.showtraceback()\n    assert show.called\n"
        "assert 'showtraceback' not in vars(shell)"
    ),
}


def test_a_notebook_finds_the_shell_of_ipykernel(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """A notebook finds ipykernel's behaviour in each of these cells."""
    outcome = execute(write_notebook(*CELLS.values()), plain=True)
    (record,) = outcome.runs
    assert record.judged is not None
    assert record.judged["reason"] == ""
