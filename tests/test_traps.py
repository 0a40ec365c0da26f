"""Every trap that was measured has a test that would fail if we fell into it again."""

import ast
from pathlib import Path

import pytest

from tests.traps import TRAPS

TESTS = Path(__file__).parent
NAMED = sorted({test for _, _, tests in TRAPS for test in tests})


@pytest.mark.parametrize("test", NAMED)
def test_the_test_of_a_trap_exists(test: str) -> None:
    """The table says nothing of tests that are gone."""
    file, name = test.split("::")
    tree = ast.parse((TESTS / file).read_text())
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_no_trap_is_without_a_test() -> None:
    """A trap that nobody holds against is one that we fall into."""
    assert [trap for _, trap, tests in TRAPS if not tests] == []
