"""Every measured trap has a test that fails if the trap returns."""

import ast
from pathlib import Path

import pytest

from tests.traps import TRAPS

TESTS = Path(__file__).parent
NAMED = sorted({test for _, _, tests in TRAPS for test in tests})


@pytest.mark.parametrize("test", NAMED)
def test_the_test_of_a_trap_exists(test: str) -> None:
    """The table refers only to existing tests."""
    file, name = test.split("::")
    tree = ast.parse((TESTS / file).read_text())
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_trap_has_a_test() -> None:
    """A trap without a test would not be noticed."""
    assert [trap for _, trap, tests in TRAPS if not tests] == []
