"""The command line in a process of a warm server; `test_served_command.py` runs real ones."""

import os
from collections.abc import Sequence
from unittest.mock import patch

import pytest

from securenet_obs import cli
from securenet_obs.cli import served
from securenet_obs.runner.kernel.forked import SOCKET


def test_it_runs_the_caller_s_arguments_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's child and kernel come from the server that the first argument names."""
    called: list[Sequence[str]] = []
    monkeypatch.setattr(cli, "main", called.append)
    with patch.dict(os.environ), patch.object(served, "sys") as system:
        served.main(["/run/server.socket", "run", "n.ipynb", "--plain"])
        assert os.environ[SOCKET] == "/run/server.socket"
    assert called == [["run", "n.ipynb", "--plain"]]
    system.stdout.reconfigure.assert_called_once()
