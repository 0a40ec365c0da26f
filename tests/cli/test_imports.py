"""The imports of the command line: none of its commands starts slowly."""

import ast
import subprocess
import sys
from pathlib import Path

from securenet_obs import cli

SLOW = ("pandas", "numpy", "papermill", "IPython", "matplotlib")
"""Libraries whose import takes longer than most commands."""


def test_no_command_imports_a_slow_library() -> None:
    """The modules that the commands import when they run, all together, load no slow library."""
    trees = [ast.parse(path.read_text()) for path in Path(*cli.__path__).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    modules |= {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
    assert "securenet_obs.probes.logs.check" in modules
    code = (
        f"import sys, {', '.join(sorted(modules))}\nprint(*[n for n in {SLOW} if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True
    )
    assert done.stdout.strip() == ""
