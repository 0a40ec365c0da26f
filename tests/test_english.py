"""The English of the package's docstrings: habits that a reader stumbles over stay rare."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import securenet_obs

PACKAGE = Path(securenet_obs.__file__).parent

# Each habit -> its pattern, and the most percent of docstrings that may have it. The bounds are the
# shares in structlog, whose docstrings read well.
HABITS = {
    "a person for a component": (r"who|whom|whose|whoever|(?:no|some|any|every)body", 1.1),
    "code that speaks": (r"tells?|told|says?|said|hears?|heard", 0.4),
    "a clause for a noun": (r"what(?!\?)", 0.7),
    "a negated noun": (r"(?:is|are|was|were) (?:no|none)", 2.1),
}


@cache
def docstrings(root: Path) -> list[tuple[str, str]]:
    """Return the place and the text of every docstring of modules, classes and functions."""
    texts = []
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    place = f"{path.relative_to(root.parent)}:{node.body[0].lineno}"
                    texts.append((place, text))
    return texts


def places(root: Path, pattern: str) -> tuple[list[str], float]:
    """Return the docstrings with a habit, by place, and their share in percent."""
    texts = docstrings(root)
    habit = re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    found = [f"{place} {text.splitlines()[0]}" for place, text in texts if habit.search(text)]
    return found, 100 * len(found) / len(texts)


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_is_rare_in_docstrings(habit: str) -> None:
    """The share of docstrings with a habit stays within its bound; the message lists the places."""
    pattern, most = HABITS[habit]
    found, share = places(PACKAGE, pattern)
    assert share <= most, "\n".join([f"{habit}: {share:.1f} %, at most {most} %", *found])


@pytest.mark.parametrize(
    ("habit", "sentence"),
    [
        ("a person for a component", "Return the tenant whose key this is."),
        ("code that speaks", "Says which part is not ready."),
        ("a clause for a noun", "Return what became of a task."),
        ("a negated noun", "Refuse text that is no URL."),
    ],
)
def test_a_habit_is_found_with_its_place(tmp_path: Path, habit: str, sentence: str) -> None:
    """A docstring with a habit is listed by file and line, and only by that habit."""
    root = tmp_path / "package"
    root.mkdir()
    (root / "module.py").write_text(f'"""Good."""\n\n\ndef part() -> None:\n    """{sentence}"""\n')
    found = {name: places(root, pattern) for name, (pattern, _) in HABITS.items()}
    assert found.pop(habit) == ([f"package/module.py:5 {sentence}"], 50.0)
    assert set(map(str, found.values())) == {"([], 0.0)"}
