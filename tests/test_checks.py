import pytest

from securenet_obs.checks import CHECK_MIME, MAX_VALUE_LENGTH, Check, Checks
from securenet_obs.errors import ChecksFailedError


def test_an_expectation_that_holds_passes() -> None:
    """A check carries its name, its outcome and both values."""
    checks = Checks()
    checks.expect("two arrived", expected=2, observed=2)
    assert list(checks) == [Check("two arrived", "passed", "2", "2")]


def test_all_checks_run_and_the_last_cell_names_those_that_failed() -> None:
    """A failed check does not hide the next one."""
    checks = Checks()
    checks.expect("a", expected=1, observed=2)
    checks.expect("b", expected=1, observed=1)
    checks.record("c", False, expected="something", observed=None)
    with pytest.raises(ChecksFailedError, match="2 of 3 checks failed: a, c"):
        checks.conclude()


def test_checks_that_all_passed_conclude_silently() -> None:
    """The verdict cell of a sound system ends without an error."""
    checks = Checks()
    checks.expect("a", expected=1, observed=1)
    checks.skip("b", reason="Bugsink stores errors only")
    checks.conclude()


@pytest.mark.parametrize("skipped", [[], ["a"], ["a", "b"]])
def test_nothing_judged_proves_nothing(skipped: list[str]) -> None:
    """No check at all, or none that could be answered, is not a pass."""
    checks = Checks()
    for name in skipped:
        checks.skip(name, reason="cannot be asked here")
    with pytest.raises(ChecksFailedError, match="nothing is proven"):
        checks.conclude()


def test_one_name_is_judged_once() -> None:
    """A second judgement under a name cannot replace the first unseen."""
    checks = Checks()
    checks.expect("a", expected=1, observed=2)
    with pytest.raises(ValueError, match="two checks are named 'a'"):
        checks.expect("a", expected=1, observed=1)


def test_a_check_travels_as_data_beside_its_row() -> None:
    """The executed notebook alone carries the result."""
    bundle = Check("a", "failed", "1", "2")._repr_mimebundle_()
    assert bundle[CHECK_MIME] == {
        "name": "a",
        "outcome": "failed",
        "expected": "1",
        "observed": "2",
        "reason": "",
    }
    assert bundle["text/plain"] == "✘ failed: a (expected 1, observed 2)"


def test_what_was_observed_cannot_write_html() -> None:
    """A value from outside shows as text in the row."""
    bundle = Check("<b>", "failed", "x", "<script>alert(1)</script>")._repr_mimebundle_()
    assert "<script>" not in bundle["text/html"]
    assert "<b><b>" not in bundle["text/html"]


def test_long_values_are_cut() -> None:
    """A row stays readable when an expectation is compared with a whole file."""
    checks = Checks()
    checks.expect("a", expected="x" * 10_000, observed="y")
    (check,) = checks
    assert len(check.expected) == MAX_VALUE_LENGTH
    assert check.expected.endswith("…")


def test_what_no_file_can_hold_is_escaped() -> None:
    """Text from outside may be broken; the check about it is not."""
    checks = Checks()
    checks.expect("a", expected="x", observed="half \ud800")
    (check,) = checks
    assert check.observed == "half \\ud800"


def test_outside_of_a_notebook_a_check_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The same code can be tried in a plain Python prompt."""
    Checks().expect("a", expected=1, observed=1)
    assert capsys.readouterr().out == "✔ passed: a (expected 1, observed 1)\n"


def test_in_a_notebook_a_cell_that_is_run_again_judges_anew() -> None:
    """An engineer may re-run a cell; inside one run a name is still judged once."""
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
