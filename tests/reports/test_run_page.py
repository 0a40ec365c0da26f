"""The values of a run's page."""

from securenet_obs.reports.run_page import MAX_TEXT, prepare_run_page
from tests.reports.conftest import CHECKS, make_run


def test_failed_checks_are_apart_and_long_values_are_cut() -> None:
    """The other checks keep their order."""
    long = {**CHECKS[0], "name": "long", "outcome": "failed", "observed": "x" * (MAX_TEXT + 1)}
    row = {"checks": {"rows": [*CHECKS, long]}, "parameters": {"a": [1]}, "phases": None}
    page = prepare_run_page(make_run(), row, {"target": {"name": "t"}})
    assert [check["name"] for check in page["others"]] == ["it arrives", "it is fast"]
    assert page["failed"][0]["name"] == "long"
    assert page["failed"][0]["observed"] == "x" * MAX_TEXT + "…"
    assert (page["parameters"], page["phases"]) == ([("a", "[1]")], [])
    assert dict(page["facts"])["target"] == "t"


def test_changes_since_green_are_ranked() -> None:
    """Those without a rank come last; anything that is not a change is left out."""
    changes = [{"kind": "package", "what": "b"}, 7, {"what": "a", "rank": 1, "before": 1}]
    row = {"checks": {"rows": []}, "changes_since_green": changes}
    found = prepare_run_page(make_run(), row, {})["changes"]
    assert [(change["what"], change["before"]) for change in found] == [("a", "1"), ("b", "")]
    assert prepare_run_page(make_run(), {**row, "changes_since_green": "x"}, {})["changes"] == []
