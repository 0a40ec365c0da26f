"""A program that the package runs with `python -m` is not imported by its own package."""

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "securenet_obs"


def is_program(source: str) -> bool:
    """Return whether a module does something when it is run."""
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
        for node in ast.parse(source).body
    )


SOURCES = {path: path.read_text() for path in PACKAGE.rglob("*.py")}
NAMES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path, source in SOURCES.items()
    if is_program(source)
}
PROGRAMS = sorted(name for name in NAMES if any(f'"{name}"' in each for each in SOURCES.values()))
SCRIPT = """
import importlib, sys
for program in sys.argv[1:]:
    for name in [name for name in sys.modules if name.startswith("securenet_obs")]:
        del sys.modules[name]
    importlib.import_module(program.rpartition(".")[0])
    if program in sys.modules:
        print(program)
"""


def test_no_program_is_imported_by_its_package() -> None:
    """Python warns of such a module when it starts, in a line of text in a log of JSON lines."""
    assert len(PROGRAMS) > 5
    command = [sys.executable, "-c", SCRIPT, *PROGRAMS]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.splitlines() == []
