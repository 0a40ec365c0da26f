"""Messages: what changed since when, with the failed checks and likely causes, on single lines."""

from securenet_obs.notifications.messages import build_message
from securenet_obs.notifications.standings import Change, Standing
from tests.notifications.conftest import judged_run


def change(notebook: str, verdict: str, before: str) -> Change:
    """Return a change of verdict."""
    return Change(notebook, "staging.env", None, Standing(verdict, 60.0, 2, before))


def test_a_failure_has_checks_and_likely_causes() -> None:
    """The title names notebook, target and verdict."""
    name = "08_the_broker_is_safe"
    message = build_message(
        [change(name, "failed", "passed")], {name: judged_run("failed")}, "evidence/x"
    )
    assert message.is_failure
    assert message.title == "08_the_broker_is_safe on staging.env: failed"
    assert message.text.splitlines() == [
        "08_the_broker_is_safe: passed -> failed, since 1970-01-01 00:01 UTC (2 runs)",
        "  no key is evicted: expected noeviction, observed allkeys-lru",
        "  changed since green: redis maxmemory-policy: a -> b",
        "evidence: evidence/x",
    ]


def test_several_changes_are_one_message() -> None:
    """A recovery has no reasons; a run without a failed check has that of its verdict."""
    records = {"a": judged_run("timeout", "a"), "b": judged_run("passed", "b")}
    records["a"].judged = {"verdict": "timeout", "reason": "too\x1b[31m late"}
    message = build_message(
        [change("a", "timeout", ""), change("b", "passed", "failed")], records, "e"
    )
    assert message.title == "Validations of staging.env: 1 no longer pass, 1 pass again"
    assert "  too late" in message.text.splitlines()
    assert "b: failed -> passed, since 1970-01-01 00:01 UTC (2 runs)" in message.text
    only = build_message([change("b", "passed", "failed")], records, "e")
    assert (only.title, only.is_failure) == ("b on staging.env: passes again", False)
