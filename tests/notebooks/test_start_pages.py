"""The two start pages: links lead somewhere, and the diagram shows modules that exist."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

PROJECT = Path(__file__).parents[2]
WALKTHROUGH = PROJECT / "notebooks" / "00_start_here.ipynb"
ON_CALL = PROJECT / "runbooks" / "00_start_here.ipynb"


def prose(path: Path) -> list[str]:
    """Return the text of each cell without code."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


@pytest.mark.parametrize(("path", "other"), [(WALKTHROUGH, ON_CALL), (ON_CALL, WALKTHROUGH)])
def test_each_links_the_other_in_its_first_cell(path: Path, other: Path) -> None:
    """Someone who opened the wrong one is one click from the right one."""
    links = re.findall(r"\]\(([^)]+\.ipynb)\)", prose(path)[0])
    assert other in [(path.parent / link).resolve() for link in links]


@pytest.mark.parametrize("path", [WALKTHROUGH, ON_CALL])
def test_every_link_leads_to_a_notebook(path: Path) -> None:
    """Links are relative: they work in JupyterLab, from a copy, and on a code host."""
    links = re.findall(r"\]\(([^)]+)\)", "\n".join(prose(path)))
    assert links
    assert [link for link in links if not (path.parent / link).is_file()] == []


def test_the_diagram_shows_modules_of_the_package() -> None:
    """Its names are the code's own; a renamed module is noticed."""
    diagram = "\n".join(prose(WALKTHROUGH)).split("```mermaid")[1].split("```")[0]
    names = set(re.findall(r"\w\[([a-z_.]+)\]|\(([a-z_]+)\)\]", diagram))
    modules = {first or second for first, second in names}
    assert len(modules) >= 8
    missing = [n for n in modules if importlib.util.find_spec(f"securenet_obs.{n}") is None]
    assert missing == []


@pytest.mark.parametrize("word", ["canary", "hop", "sink", "drill", "verdict", "check", "runbook"])
def test_a_word_is_explained_where_it_is_first_used(word: str) -> None:
    """Its first use in prose is the bold one, except in the first cell's table of contents."""
    text = "\n".join(prose(WALKTHROUGH)[1:])
    first = re.search(rf"\b{word}s?\b", re.sub(r"`[^`]*`|\[[^]]*\]\([^)]*\)|```.*?```", "", text))
    bold = re.search(rf"\*\*{word}\*\*", re.sub(r"`[^`]*`|\[[^]]*\]\([^)]*\)|```.*?```", "", text))
    assert first is not None
    assert bold is not None
    assert first.start() == bold.start() + 2
