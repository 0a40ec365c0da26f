"""Each rule of anatomy finds the one notebook that breaks it."""

import pytest

from securenet_obs.authoring import anatomy
from securenet_obs.authoring.lint import Rule
from tests.authoring.conftest import Change, MakePage, appending, code_cells, declaring


def heading(document: dict) -> None:  # type: ignore[type-arg]
    document["cells"][0]["source"] = ["No title"]


def without_prose(document: dict) -> None:  # type: ignore[type-arg]
    document["cells"] = [document["cells"][0], *code_cells(document)]


def without_format(document: dict) -> None:  # type: ignore[type-arg]
    connect = code_cells(document)[1]
    connect["source"] = [line.replace("format_tables", "show") for line in connect["source"]]


@pytest.mark.parametrize(
    ("rule", "change", "words"),
    [
        (anatomy.find_missing_title, heading, "add a title"),
        (anatomy.find_unexplained_code, without_prose, "6 cells of code follow each other"),
        (anatomy.find_long_cells, appending("x = 1\n" * 20), "lines of code, 15 at most"),
        (anatomy.find_definitions, appending("key = lambda row: row"), "move it to the library"),
        (anatomy.find_invalid_syntax, appending("def"), "not valid Python"),
        (
            anatomy.find_private_imports,
            appending("from securenet_obs.stack import LocalStack"),
            "securenet_obs.stack.LocalStack is not public",
        ),
        (
            anatomy.find_private_imports,
            appending("from securenet_obs.probes.celery.broker import BrokerProbe"),
            "is not public",
        ),
        (anatomy.find_missing_verdict, appending("print()", -1), "`checks.conclude()`; add it"),
        (anatomy.find_cut_tables, without_format, "call it before tables"),
    ],
)
def test_a_departure_is_found(rule: Rule, change: Change, words: str, make_page: MakePage) -> None:
    """The changed notebook has one finding, the unchanged one has none."""
    assert list(rule(make_page())) == []
    (found,) = rule(make_page(change))
    assert words in found.problem


def test_a_start_page_without_checks_has_no_verdict(make_page: MakePage) -> None:
    """A guide that judges nothing ends as it likes; one that judges ends with the verdict."""
    guide = declaring(kind="guide", checks=[])
    assert list(anatomy.find_missing_verdict(make_page(guide, appending("print()", -1)))) == []
    judging = declaring(kind="guide")
    assert list(anatomy.find_missing_verdict(make_page(judging, appending("print()", -1)))) != []


def test_names_of_other_packages_and_of_workers_are_free(make_page: MakePage) -> None:
    """The rule is about the library; the workers' names are imported from their modules."""
    imports = "import pandas as pd\nfrom securenet_obs.workers.celery_app import celery_app"
    assert list(anatomy.find_private_imports(make_page(appending(imports)))) == []
