"""Steps are values: an action with its state and its undo, or a person's step."""

from securenet_obs.oncall.actions.step import Action, Manual


def test_an_action_holds_what_a_dry_run_prints() -> None:
    """Nothing runs before it is called."""
    calls: list[str] = []
    action = Action("a", "does it", "undoes it", dict, lambda: calls.append("ran") or "done")
    assert calls == []
    assert action.run() == "done"
    assert (action.command, Manual("do it", "cmd").reason) == ("", "")
