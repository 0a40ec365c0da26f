"""Each rule of stored outputs finds the one notebook that breaks it."""

from typing import Any

import pytest

from securenet_obs.authoring import outputs
from securenet_obs.authoring.lint import Rule
from securenet_obs.checks import CHECK_MIME
from tests.authoring.conftest import Change, MakePage, appending, code_cells, executed


def cut(document: dict[str, Any]) -> None:
    code_cells(document)[-2]["outputs"][0]["data"]["text/plain"] = "NaN"


def out_of_order(document: dict[str, Any]) -> None:
    code_cells(document)[2]["execution_count"] = 9


def with_error(document: dict[str, Any]) -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    code_cells(document)[2]["outputs"] = [error]


def other_check(document: dict[str, Any]) -> None:
    code_cells(document)[-2]["outputs"][0]["data"][CHECK_MIME]["name"] = "another"


def without_record(document: dict[str, Any]) -> None:
    del document["metadata"]["securenet_outputs"]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        (outputs.find_cut_outputs, cut),
        (outputs.find_unreal_outputs, out_of_order),
        (outputs.find_unreal_outputs, with_error),
        (outputs.find_stale_outputs, appending("x = 1")),
        (outputs.find_stale_outputs, without_record),
        (outputs.find_other_checks, other_check),
    ],
)
def test_a_departure_is_found(rule: Rule, change: Change, make_page: MakePage) -> None:
    """The changed notebook has a finding; an executed one without the change has none."""
    assert list(rule(make_page(executed))) == []
    assert len(list(rule(make_page(executed, change)))) == 1


def test_a_notebook_without_outputs_has_none_to_judge(make_page: MakePage) -> None:
    """A draft that never ran passes."""
    for rule in (
        outputs.find_unreal_outputs,
        outputs.find_stale_outputs,
        outputs.find_other_checks,
    ):
        assert list(rule(make_page(appending("x = 1")))) == []
