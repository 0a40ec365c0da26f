"""Rules of a notebook's declarations: parameters, checks, and what a runbook must have."""

import ast
from collections.abc import Iterator

from securenet_obs.authoring.finding import Finding
from securenet_obs.authoring.page import Page
from securenet_obs.drills.incidents import INCIDENTS
from securenet_obs.oncall.session import NO_OPEN_STEP

DESCRIBED = ("symptoms", "patterns", "severity", "services", "owner", "expected_s", "drill")
"""Fields of the metadata that every runbook has."""

STOP_CONDITION = "**Stop and call"
"""Beginning of the stop condition in a runbook's first cell."""

_JUDGING = {("checks", "expect"), ("checks", "record"), ("checks", "skip"), ("runbook", "verify")}
"""Objects and methods whose first argument is the name of a check."""


def find_untyped_parameters(page: Page) -> Iterator[Finding]:
    """Every parameter has a type, a literal default, and a comment, which is its help.

    An unreadable cell is refused where the notebook is read.
    """
    if not page.notebook.schema.parameters:
        problem = "no cell is tagged `parameters`; add one with `name: type = default  # help`"
        yield page.find("parameters", problem)
    for parameter in page.notebook.schema.parameters:
        if not parameter.help:
            problem = f"{parameter.name} has no comment, which is its help; add one to its line"
            yield page.find("parameters", problem, page.parameters)


def find_undeclared_checks(page: Page) -> Iterator[Finding]:
    """The checks that the code names are those that the metadata declare."""
    declared, named = page.declared.checks, list(_named_checks(page))
    for name in dict.fromkeys(named):
        if name not in declared:
            yield page.find("checks", f"{name!r} is judged and not in the metadata; add it")
    if page.declared.kind == "validation":
        # A name that a loop or a variable gives is a text somewhere in the code.
        texts = {text for cell in page.code for text in _texts(cell.nodes)}
        for name in declared:
            if name not in texts:
                yield page.find("checks", f"{name!r} is in the metadata and never judged")


def _named_checks(page: Page) -> Iterator[str]:
    for cell in page.code:
        for node in cell.nodes:
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=holder), attr=method),
                    args=[ast.Constant(value=str(name)), *_],
                ) if (holder, method) in _JUDGING:
                    yield name


def _texts(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def find_missing_parts(page: Page) -> Iterator[Finding]:
    """A runbook has all that a tired person relies on; parts that a draft lacks are open."""
    if page.declared.kind != "runbook":
        return
    declared = page.declared.model_dump()
    for name in DESCRIBED:
        if not declared[name]:
            yield page.find_open(name, f"`{name}` in the metadata is empty; fill it in")
    incident = INCIDENTS.get(page.declared.drill)
    if page.declared.drill and (incident is None or incident.runbook != page.notebook.name):
        problem = (
            f"no incident {page.declared.drill!r} proves this runbook; add it to the catalogue"
        )
        yield page.find_open("drill", problem)
    if STOP_CONDITION not in page.cells[0].source:
        problem = f"the first cell has no stop condition; add `{STOP_CONDITION} ...**`"
        yield page.find_open("stop condition", problem)
    code = "\n".join(cell.source for cell in page.code)
    if (page.declared.acts or page.declared.draft) and "runbook.verify(" not in code:
        yield page.find_open(
            "verification", "nothing calls `runbook.verify(...)`; verify the repair"
        )
    if NO_OPEN_STEP not in page.declared.checks:
        yield page.find("checks", f"{NO_OPEN_STEP!r} is not in the metadata; add it")
