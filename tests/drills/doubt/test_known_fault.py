"""Alarms: their parameters, and the difference from the failed checks."""

from securenet_obs.drills.doubt.known_fault import expect_alarm


def test_parameters_become_text() -> None:
    """They are given to the validation as on the command line."""
    (alarm,) = expect_alarm("n", "a", "b", may_fail=("c",), deadline_s=1.5, task_count=10)
    assert alarm.parameters == ("deadline_s=1.5", "task_count=10")
    assert alarm.explain_difference(frozenset("abc")) == ""
    assert alarm.explain_difference(frozenset("bd")) == "passed: a; failed, too: d"
