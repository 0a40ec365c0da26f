"""Rules of a notebook's anatomy: title, prose, short cells, public imports, verdict at the end."""

import ast
from collections.abc import Iterator
from itertools import groupby

from securenet_obs.authoring.finding import Finding
from securenet_obs.authoring.page import Page

MAX_LINES = 15
"""Maximum number of lines of a cell of code."""

MAX_ROW = 3
"""Maximum number of cells of code without prose between them."""

IMPORTABLE = {
    *("checks", "monitoring", "oncall", "plots", "probes", "runner"),
    *("settings", "tables", "walkthrough", "workers"),
}
"""Modules and packages of securenet_obs from which a notebook may import."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_MAX_PATH = 3


def find_missing_title(page: Page) -> Iterator[Finding]:
    """A notebook begins with its title, in a cell of Markdown."""
    if (
        not page.cells
        or page.cells[0].kind != "markdown"
        or not page.cells[0].source.startswith("# ")
    ):
        yield page.find(
            "title", "the first cell is not Markdown that begins with `# `; add a title"
        )


def find_unexplained_code(page: Page) -> Iterator[Finding]:
    """Prose precedes every few cells of code."""
    for kind, row in groupby(page.cells, key=lambda cell: cell.kind):
        cells = list(row)
        if kind == "code" and len(cells) > MAX_ROW:
            yield page.find(
                "prose",
                f"{len(cells)} cells of code follow each other, {MAX_ROW} at most; add prose",
                cells[MAX_ROW],
            )


def find_long_cells(page: Page) -> Iterator[Finding]:
    """A cell of code is short: the work is in the library."""
    for cell in page.code:
        if (lines := len(cell.source.splitlines())) > MAX_LINES:
            problem = f"{lines} lines of code, {MAX_LINES} at most; move code to the library"
            yield page.find("cell length", problem, cell)


def find_definitions(page: Page) -> Iterator[Finding]:
    """A notebook defines nothing: definitions are in the library, where they are tested."""
    for cell in page.code:
        if any(isinstance(node, _DEFINITIONS) for node in cell.nodes):
            problem = "a function, class or lambda is defined; move it to the library"
            yield page.find("definitions", problem, cell)


def find_invalid_syntax(page: Page) -> Iterator[Finding]:
    """Every cell of code is valid Python or IPython."""
    for cell in page.code:
        if cell.tree is None:
            yield page.find("syntax", "the code is not valid Python", cell)


def find_private_imports(page: Page) -> Iterator[Finding]:
    """A notebook imports public names of the library only."""
    for cell in page.code:
        imports = [node for node in cell.nodes if isinstance(node, ast.ImportFrom)]
        for name in (f"{node.module}.{alias.name}" for node in imports for alias in node.names):
            parts = name.split(".")
            if parts[0] != "securenet_obs":
                continue
            is_deep = len(parts) > _MAX_PATH and parts[1] != "workers"
            if parts[1] not in IMPORTABLE or is_deep:
                problem = f"{name} is not public; import from securenet_obs.probes or its siblings"
                yield page.find("imports", problem, cell)


def find_missing_verdict(page: Page) -> Iterator[Finding]:
    """The last cell is the verdict; no check follows it. A start page without checks has none."""
    if page.declared.kind == "guide" and not page.declared.checks:
        return
    holder = "runbook" if page.declared.kind == "runbook" else "checks"
    if not page.code or page.code[-1].source.strip() != f"{holder}.conclude()":
        yield page.find("verdict", f"the last cell of code is not `{holder}.conclude()`; add it")


def find_cut_tables(page: Page) -> Iterator[Finding]:
    """Tables are formatted by the library, which cuts no cell."""
    if not any("format_tables" in cell.source for cell in page.code):
        yield page.find("tables", "`tables.format_tables()` is not called; call it before tables")
