"""The project's notebooks as documents: properties that readers can rely on in each of them.

The rules are those of `securenet-obs lint`; here is only what holds for this project alone.
"""

from pathlib import Path

import pytest

from securenet_obs.authoring import RULES
from securenet_obs.authoring.lint import Rule
from securenet_obs.authoring.page import Page, read_page

PROJECT = Path(__file__).parents[2]
VALIDATIONS = sorted(PROJECT.glob("notebooks/*.ipynb"))
NOTEBOOKS = [*VALIDATIONS, *sorted(PROJECT.glob("runbooks/*.ipynb"))]
PAGES = [read_page(path) for path in NOTEBOOKS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.notebook.name)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_keeps_every_rule(rule: Rule, page: Page) -> None:
    """Each notebook of the project keeps each rule of lint."""
    assert list(map(str, rule(page))) == []


def test_none_is_a_draft() -> None:
    """No part of a notebook of the project is still to be written."""
    assert [page.notebook.name for page in PAGES if page.declared.draft] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.notebook.name)
def test_its_outputs_are_stored(page: Page) -> None:
    """Lint accepts a notebook without outputs; a reader of the project finds them."""
    assert page.is_executed


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.notebook.name[:2] in ("01", "06", "07")],
    ids=lambda page: page.notebook.name,
)
def test_needs_of_single_checks_are_optional(page: Page) -> None:
    """A need of single checks only is optional, so that it does not skip the whole notebook."""
    skipped = [cell for cell in page.code if "checks.skip(" in cell.source]
    assert page.declared.optional_needs
    assert skipped
