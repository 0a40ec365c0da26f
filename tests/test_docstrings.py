"""Docstrings describe the parameters and fields that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "securenet_obs"
Described = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def described(docstring: str) -> set[str]:
    """Return the names below `Args:` and `Attributes:`."""
    sections = re.findall(r"(?:Args|Attributes):\n((?: {4}.*\n?|\n)*)", docstring)
    return set(re.findall(r"^ {4}(\w+):", "".join(sections), re.MULTILINE))


def names(node: Described) -> set[str]:
    """Return a function's parameters, or a class's fields and all that its methods set."""
    inside = {child.arg for child in ast.walk(node) if isinstance(child, ast.arg)}
    if isinstance(node, ast.ClassDef):
        inside |= {child.attr for child in ast.walk(node) if isinstance(child, ast.Attribute)}
        inside |= {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
        inside |= {child.name for child in node.body if isinstance(child, ast.FunctionDef)}
    return inside


def unknown(source: str) -> Iterator[str]:
    """Yield each described name that its function or class does not have."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Described):
            missing = described(ast.get_docstring(node) or "") - names(node)
            yield from (f"{node.name}: {name}" for name in sorted(missing))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_every_described_name_exists(path: Path) -> None:
    """A renamed parameter is also renamed in its docstring."""
    assert list(unknown(path.read_text())) == []


def test_a_name_that_does_not_exist_is_found() -> None:
    """A described name without a parameter or a field is reported."""
    source = 'def wait(seconds):\n    """Wait.\n\n    Args:\n        second: how long.\n    """\n'
    assert list(unknown(source)) == ["wait: second"]
