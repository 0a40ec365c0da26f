"""Facts of a command: a part of the target that fails is absent with its reason."""

import json
from collections.abc import Mapping
from pathlib import Path

from securenet_obs.errors import ForbiddenError
from securenet_obs.runner.comparison.collecting import collect, format_facts
from securenet_obs.runner.comparison.facts import Facts
from securenet_obs.runner.target import target_of


def test_the_facts_of_a_command_are_all_kinds_that_can_be_read(tmp_path: Path) -> None:
    """A reader gets the target's variables; the commit of the working copy is code."""
    target = target_of("staging.env", {"LOG_LEVEL": "INFO", "SECURENET_RELEASE": "s@2"})

    def read(variables: Mapping[str, str]) -> dict[str, str]:
        return {"level": variables["LOG_LEVEL"]}

    facts = collect(target, tmp_path, "abc", {"redis": read})
    assert set(facts.kinds) == {"code", "package", "setting", "redis"}
    assert facts.kinds["code"]["commit"] == "abc"
    assert facts.kinds["code"]["SECURENET_RELEASE"] == "s@2"
    assert facts.kinds["setting"].keys() == {"LOG_LEVEL"}
    assert facts.kinds["redis"] == {"level": "INFO"}
    assert Facts.from_json(json.loads(format_facts(facts))) == facts


def test_a_part_that_does_not_answer_is_absent_with_the_reason(tmp_path: Path) -> None:
    """A managed Redis denies its configuration, and the command goes on."""

    def refuse(_variables: Mapping[str, str]) -> dict[str, str]:
        raise ForbiddenError("redis://redis.example refuses access")

    facts = collect(target_of("staging.env", {}), tmp_path, None, {"redis": refuse})
    assert "redis" not in facts.kinds
    assert facts.absent == {"redis": "redis://redis.example refuses access"}
