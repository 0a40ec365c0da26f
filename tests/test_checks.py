import re

import pytest

from securenet_obs.checks import CHECK_MIME, MAX_VALUE_LENGTH, Check, Checks
from securenet_obs.errors import ChecksFailedError
from securenet_obs.settings import get_settings


def test_a_met_expectation_passes() -> None:
    """A check has its name, its outcome and both values."""
    checks = Checks()
    checks.expect("two arrived", expected=2, observed=2)
    assert list(checks) == [Check("two arrived", "passed", "2", "2")]


def test_all_checks_run_and_the_last_cell_lists_the_failed() -> None:
    """A failed check does not hide the next one."""
    checks = Checks()
    checks.expect("a", expected=1, observed=2)
    checks.expect("b", expected=1, observed=1)
    checks.record("c", False, expected="something", observed=None)
    with pytest.raises(ChecksFailedError, match="2 of 3 checks failed: a, c"):
        checks.conclude()


def test_passed_checks_conclude_silently() -> None:
    """The verdict cell ends without an error if all checks passed."""
    checks = Checks()
    checks.expect("a", expected=1, observed=1)
    checks.skip("b", reason="Bugsink stores errors only")
    checks.conclude()


@pytest.mark.parametrize("skipped", [[], ["a"], ["a", "b"]])
def test_without_a_judged_check_nothing_passes(skipped: list[str]) -> None:
    """No check, or only skipped ones, is not a pass."""
    checks = Checks()
    for name in skipped:
        checks.skip(name, reason="cannot be asked here")
    with pytest.raises(ChecksFailedError, match="nothing is proven"):
        checks.conclude()


def test_one_name_is_judged_once() -> None:
    """A second check of the same name is an error."""
    checks = Checks()
    checks.expect("a", expected=1, observed=2)
    with pytest.raises(ValueError, match="two checks are named 'a'"):
        checks.expect("a", expected=1, observed=1)


def test_a_check_is_stored_as_data_beside_its_row() -> None:
    """The executed notebook alone contains the result."""
    bundle = Check("a", "failed", "1", "2")._repr_mimebundle_()
    assert bundle[CHECK_MIME] == {
        "name": "a",
        "outcome": "failed",
        "expected": "1",
        "observed": "2",
        "reason": "",
    }
    assert re.fullmatch(r"✘ failed +a +expected 1, observed 2", bundle["text/plain"])


def test_checks_of_different_cells_line_up() -> None:
    """Name, expected and observed begin at the same place in each, a skipped one included."""
    printed = [
        Check("a", "passed", "1", "1"),
        Check("a much longer name of a check", "skipped", reason="Bugsink stores errors only"),
    ]
    texts = [check._repr_mimebundle_()["text/plain"] for check in printed]
    assert texts[0].index("expected") == texts[1].index("Bugsink")
    widths = [re.findall(r"width:(\d+)%", one._repr_mimebundle_()["text/html"]) for one in printed]
    assert widths[0][:3] == widths[1][:3] == ["100", "9", "33"]


def test_an_empty_value_is_a_word() -> None:
    """A reader sees that nothing was observed, not an empty list's brackets."""
    checks = Checks()
    checks.expect("a", expected=[], observed=["x", "y"])
    (check,) = checks
    assert (check.expected, check.observed) == ("none", "x, y")


def test_observed_values_are_escaped_as_html() -> None:
    """An observed value is text in the row."""
    bundle = Check("<b>", "failed", "x", "<script>alert(1)</script>")._repr_mimebundle_()
    assert "<script>" not in bundle["text/html"]
    assert "<b><b>" not in bundle["text/html"]


def test_long_values_are_cut() -> None:
    """A row stays readable if a value is as long as a file."""
    checks = Checks()
    checks.expect("a", expected="x" * 10_000, observed="y")
    (check,) = checks
    assert len(check.expected) == MAX_VALUE_LENGTH
    assert check.expected.endswith("…")


def test_invalid_unicode_is_escaped() -> None:
    """A check of invalid text can be stored."""
    checks = Checks()
    checks.expect("a", expected="x", observed="half \ud800")
    (check,) = checks
    assert check.observed == "half \\ud800"


def test_outside_of_a_notebook_a_check_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The same code works in a plain Python prompt."""
    Checks().expect("a", expected=1, observed=1)
    assert capsys.readouterr().out.split() == [
        "✔",
        "passed",
        "a",
        "expected",
        "1,",
        "observed",
        "1",
    ]


def test_a_repeated_cell_replaces_its_checks() -> None:
    """A cell may be run again; within one run a name is still judged once."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.run_cell(
            "from securenet_obs.checks import Checks; checks = Checks()", store_history=True
        ).raise_error()
        judge = "checks.expect('a', expected=1, observed={})"
        shell.run_cell(judge.format(2), store_history=True).raise_error()
        shell.run_cell(judge.format(1), store_history=True).raise_error()
        assert [check.outcome for check in shell.user_ns["checks"]] == ["passed"]
        twice = shell.run_cell("\n".join([judge.format(1)] * 2), store_history=True)
        assert isinstance(twice.error_in_exec, ValueError)
    finally:
        InteractiveShell.clear_instance()


def test_an_example_is_shown_and_counts_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    """A page that explains checks shows a red one, and its verdict is not red."""
    checks = Checks()
    checks.show_example("it arrived", False, expected="arrived", observed="nothing")
    assert "✘ failed" in capsys.readouterr().out
    assert len(checks) == 0


def test_a_failed_check_links_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runbook, events and log lines are in its text, its HTML and its data."""
    monkeypatch.setenv("LOG_SOURCE", "logs")
    get_settings.cache_clear()
    checks = Checks()
    checks.link_events(["", "http://host/<event>"])
    checks.expect("beat ticks", expected=1, observed=2)
    checks.expect("b", expected=1, observed=1)
    checks.record("c", False, expected="a", observed="request_failed", is_of_target=False)
    get_settings.cache_clear()
    failed, passed, answer = checks
    assert passed.links == answer.links == ()
    assert [link.kind for link in failed.links] == ["runbook", "sentry", "logs"]
    _, *lines = str(failed).splitlines()
    assert lines[0].strip() == "runbook: securenet-obs run schedule_stopped"
    bundle = failed._repr_mimebundle_()
    assert bundle[CHECK_MIME]["links"][0] == {
        "kind": "runbook",
        "text": "securenet-obs run schedule_stopped",
    }
    assert '<a href="http://host/&lt;event&gt;">' in bundle["text/html"]
