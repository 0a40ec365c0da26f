"""Differences: files by folder, commits, fields of events, kinds that cannot be compared."""

from securenet_obs.runner.comparison.differences import ABSENT, Difference, compare, not_compared
from securenet_obs.runner.comparison.facts import Facts


def test_files_of_a_folder_are_one_difference_with_the_commits() -> None:
    """A single file has its digests, several their number; the commit alone is one, too."""
    before = {"p/a/x.py": "1", "p/a/y.py": "1", "p/b/z.py": "1", "commit": "aaaaaaaaaaaa"}
    after = {"p/a/x.py": "2", "p/b/z.py": "2", "p/a/n.py": "1", "commit": "bbbbbbbbbbbb"}
    found = compare(Facts({"code": before}), Facts({"code": after}))
    assert found == [
        Difference("code", "p/a (x.py, y.py, n.py)", "2 of 3 files at aaaaaaaaaa",
                   "2 of 3 files at bbbbbbbbbb"),
        Difference("code", "p/b (z.py)", "1 at aaaaaaaaaa", "2 at bbbbbbbbbb"),
    ]  # fmt: skip
    assert found[0].key == ("code", "p/a")
    release = {"SECURENET_RELEASE": "s@1"}, {"SECURENET_RELEASE": "s@2"}
    (found_release,) = compare(*(Facts({"code": values}) for values in release))
    assert found_release == Difference("code", "SECURENET_RELEASE", "s@1", "s@2")
    only = compare(Facts({"code": {"commit": "a"}}), Facts({"code": {"commit": "b"}}))
    assert only == [Difference("code", "commit", "a", "b")]


def test_cells_of_a_notebook_are_one_difference() -> None:
    """Its name is the notebook's."""
    before, after = {"n, cell 1": "1", "n, cell 2": "1"}, {"n, cell 1": "2", "n, cell 2": "2"}
    (found,) = compare(Facts({"code": before}), Facts({"code": after}))
    assert (found.what, found.key) == ("n (cell 1, cell 2)", ("code", "n"))


def test_an_event_that_vanished_takes_its_fields_along() -> None:
    """A field of an event that both runs log is a difference of its own."""
    before = {"gone": "logged", "gone.a": "text", "kept": "logged", "kept.a": "text"}
    found = compare(Facts({"log schema": before}), Facts({"log schema": {"kept": "logged"}}))
    assert [(row.what, row.after) for row in found] == [("gone", ABSENT), ("kept.a", ABSENT)]


def test_only_kinds_of_both_runs_are_compared() -> None:
    """The others have a reason: that of this run before that of the green one."""
    green = Facts({"setting": {"A": "1"}}, {"redis": "no answer"})
    now = Facts({"redis": {"hz": "1"}, "package": {}}, {"setting": "why"})
    assert compare(green, now) == []
    reasons = not_compared(green, now)
    assert reasons["setting"] == "why"
    assert reasons["redis"] == "the last green run: no answer"
    assert reasons["package"] == "the last green run: not recorded"
