"""Each rule of declarations finds the one notebook that breaks it."""

from typing import Any

import pytest

from securenet_obs.authoring import declarations
from tests.authoring.conftest import MakePage, appending, code_cells, declaring

MISSING = {
    *declarations.DESCRIBED,
    "stop condition",
    "verification",
}


def uncommented(document: dict[str, Any]) -> None:
    code_cells(document)[0]["source"] = ["deadline_s: float = 30.0"]


def untagged(document: dict[str, Any]) -> None:
    code_cells(document)[0]["metadata"] = {}


def test_a_parameter_without_help_and_a_missing_cell_are_found(make_page: MakePage) -> None:
    """`show` could not explain them."""
    rule = declarations.find_untyped_parameters
    assert list(rule(make_page())) == []
    (found,) = rule(make_page(uncommented))
    assert (found.cell, "deadline_s has no comment" in found.problem) == (2, True)
    (found,) = rule(make_page(untagged))
    assert "no cell is tagged `parameters`" in found.problem


def test_checks_of_code_and_metadata_are_equal(make_page: MakePage) -> None:
    """A check that is not declared, and a declared one that nothing judges, are found."""
    rule = declarations.find_undeclared_checks
    assert list(rule(make_page())) == []
    more = appending('checks.record("more", True, expected=1, observed=1)', -2)
    (found,) = rule(make_page(more))
    assert found.problem == "'more' is judged and not in the metadata; add it"
    (found,) = rule(make_page(declaring(checks=["the canary is executed", "another"])))
    assert found.problem == "'another' is in the metadata and never judged"


def test_the_parts_that_a_runbook_lacks_are_open_in_a_draft(make_page: MakePage) -> None:
    """They are failures once it is no draft any more."""
    rule = declarations.find_missing_parts
    assert list(rule(make_page())) == []
    found = list(rule(make_page(kind="runbook")))
    assert {row.rule for row in found} == MISSING
    assert all(row.is_open for row in found)
    found = list(rule(make_page(declaring(draft=False, acts=True), kind="runbook")))
    assert {row.rule for row in found} == MISSING
    assert not any(row.is_open for row in found)


@pytest.mark.parametrize("drill", ["worker-gone", "no-such-incident"])
def test_the_incident_of_another_runbook_proves_nothing(drill: str, make_page: MakePage) -> None:
    """The drill must be an incident of this runbook."""
    found = [*declarations.find_missing_parts(make_page(declaring(drill=drill), kind="runbook"))]
    assert f"no incident {drill!r} proves this runbook" in {
        row.problem.split(";")[0] for row in found
    }


def test_open_steps_must_be_judged(make_page: MakePage) -> None:
    """A runbook whose open steps nothing judges would pass with work left, also as a draft."""
    (found,) = [
        row
        for row in declarations.find_missing_parts(make_page(declaring(checks=[]), kind="runbook"))
        if not row.is_open
    ]
    assert found.rule == "checks"
