"""Servers of one run: the child and the kernel import while the command starts."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from securenet_obs.runner.kernel.lone import imported, lone_servers, quick_servers
from securenet_obs.runner.kernel.staying import KEEP
from securenet_obs.runner.kernel.warm import available
from securenet_obs.runner.record.verdict import Verdict
from tests.waiting import eventually

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not available(), reason="warm servers are for Linux"),
]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import pandas as pd, celery", ["celery", "pandas"]),
        ("from sqlalchemy.orm import Session\nx = 'import httpx'", ["sqlalchemy"]),
        ("    import matplotlib.pyplot as plt", ["matplotlib.pyplot"]),
        ("from securenet_obs import checks, probes", ["pandas"]),
        ("pandas = 1", []),
    ],
)
def test_only_what_the_notebook_imports_is_imported(source: str, expected: list[str]) -> None:
    """A notebook without pandas does not wait for it."""
    cells = [{"cell_type": "code", "source": source}]
    assert imported({"cells": [*cells, {"cell_type": "markdown", "source": "import httpx"}]}) == (
        expected
    )


def test_a_run_has_the_evidence_of_a_cold_one(
    execute: Callable[..., Any], write_notebook: Callable[..., Path]
) -> None:
    """Child and kernel are forked from the two servers; the first also makes the page."""
    path = write_notebook("import os\nprint(os.environ.get('ONLY_HERE'), 'pandas' in globals())")
    with lone_servers() as servers:
        servers.start_kernel(json.loads(path.read_text()))
        environment, warm = {"ONLY_HERE": "1"}, str(servers.folder)
        outcome = execute(path, plain=True, environment=environment, warm=warm)
        assert outcome.verdict == Verdict.PASSED
        children = psutil.Process().children()
        processes = [each for each in children if warm in " ".join(each.cmdline())]
    assert len(processes) == 2
    assert "1 False" in (outcome.folder / "a_claim.ipynb").read_text()
    assert (outcome.folder / "a_claim.html").exists()
    assert not servers.folder.exists()
    assert eventually(lambda: not any(process.is_running() for process in processes), 60)


def test_a_cold_run_has_no_servers() -> None:
    """`--cold` starts every kernel anew."""
    with quick_servers(cold=True) as servers:
        assert servers({"cells": []}) == ""


@pytest.mark.slow
@pytest.mark.parametrize("length", [10, 30, 50, 55, 60, 70, 80, 100])
def test_a_long_folder_of_temporary_files_ends_no_run(
    length: int, write_notebook: Callable[..., Path]
) -> None:
    """The path of a Unix socket is short; without room for one the run is cold."""
    path = write_notebook("1")
    parent = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    folder = parent / ("x" * max(1, length - len(str(parent)) - 1))
    folder.mkdir(exist_ok=True)
    names = {name: text for name, text in os.environ.items() if "SECURENET_OBS" not in name}
    command = [sys.executable, "-m", "securenet_obs", "run", str(path), "--plain", "--json"]
    done = subprocess.run(
        [*command, "--evidence", str(parent / "evidence")],
        env=names | {"TMPDIR": str(folder), KEEP: "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Traceback") == 0
    shutil.rmtree(parent)
