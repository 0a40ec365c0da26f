"""A rehearsed upgrade runs with old and new services, and names what broke."""

import sys
from pathlib import Path

import pytest

from securenet_obs.drills import ValidationOutcome
from securenet_obs.drills.upgrades import (
    PLAIN_WORKER,
    Combination,
    Overlay,
    Rehearsal,
    Rehearsing,
    Trial,
    build_overlay,
)
from securenet_obs.errors import StackError
from tests.drills.upgrades.test_overlay import write_wheel


def test_only_what_passes_today_is_broken() -> None:
    """A validation that fails today says nothing about the upgrade; a skipped one neither."""
    trials = (
        Trial("today", "validation a", "failed", "x"),
        Trial("today", "validation b", "passed"),
        Trial("today", "drill c", "passed"),
        Trial("all new", "validation a", "failed", "x"),
        Trial("all new", "validation b", "skipped"),
        Trial("all new", "drill c", "failed", "lost: 3"),
        Trial("new workers", "start", "failed", "worker ended"),
    )
    rehearsal = Rehearsal({}, trials)
    assert [trial.subject for trial in rehearsal.broken] == ["drill c", "start"]
    assert [trial.subject for trial in rehearsal.unjudged] == ["validation a"]


@pytest.mark.slow
@pytest.mark.stack
def test_the_new_package_is_in_the_named_services_only(tmp_path: Path, stack_cache: Path) -> None:
    """A worker that cannot start with it is named, with the end of its log."""
    write_wheel(tmp_path / "wheels", "billiard", "99.0")
    overlay = build_overlay(["billiard==99.0"], tmp_path, wheels=tmp_path / "wheels")
    asked: list[str] = []

    def run_validation(name: str, _: object, environment: object) -> ValidationOutcome:
        asked.append(name)
        return ValidationOutcome("passed")

    rehearsal = Rehearsing(
        overlay, ["01"], run_validation, tmp_path, cache=stack_cache, drills=()
    ).run([Combination("new workers", ("worker",))])
    assert asked == []
    assert [(trial.combination, trial.subject) for trial in rehearsal.broken] == [
        ("new workers", PLAIN_WORKER),
        ("new workers", "start"),
    ]
    assert "worker ended with exit code" in rehearsal.broken[1].remark


def test_a_stack_that_does_not_start_today_judges_nothing(tmp_path: Path) -> None:
    """Every trial was left out as bad today; the table ended with `nothing broke`, and code 0."""
    (tmp_path / "a file").touch()
    rehearsing = Rehearsing(
        Overlay(sys.executable, {}),
        ["01"],
        lambda *_: ValidationOutcome("passed"),
        tmp_path / "a file",
        drills=(),
    )
    with pytest.raises(StackError, match="a file"):
        rehearsing.run([Combination("today", ("api",))])
