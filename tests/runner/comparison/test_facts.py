"""Facts of a run: its command's file, its own row, its log schema; foreign content is left out."""

import json
from collections.abc import Callable
from pathlib import Path

from securenet_obs.runner.comparison.facts import (
    LOG_SCHEMA,
    NOT_RECORDED,
    Facts,
    find_log_schema,
    read_facts,
)


def test_facts_survive_a_file() -> None:
    """Values are texts; unknown kinds and other shapes are left out."""
    facts = Facts({"redis": {"hz": "10"}}, {"package": "no"})
    assert Facts.from_json(json.loads(json.dumps(facts.as_json()))) == facts
    foreign = {"kinds": {"redis": {"hz": 10}, "x": {}, "code": 3}, "absent": []}
    assert Facts.from_json(foreign) == Facts({"redis": {"hz": "10"}, "code": {}})
    assert Facts.from_json([]) == Facts()


def test_a_run_has_the_facts_of_its_command_and_its_own(leave_run: Callable[..., Path]) -> None:
    """Parameters and deadlines are one kind; a kind without facts has a reason."""
    folder = leave_run(1, kinds={"redis": {"hz": "10"}})
    row = {"run": "n", "parameters": {"a": 1}, "limits": {"run deadline": "2 s"}}
    facts = read_facts(folder, row)
    assert facts.kinds["parameter"] == {"a": "1", "run deadline": "2 s"}
    assert facts.kinds["redis"] == {"hz": "10"}
    assert facts.reason("package") == NOT_RECORDED
    assert "log schema" in facts.reason(LOG_SCHEMA)


def test_a_log_schema_counts_where_it_is_dependable(tmp_path: Path) -> None:
    """An event of few lines and a field that some lines lack are no facts."""
    schema = {
        "rare": {"lines": 4, "fields": {"a": {"types": ["text"], "null_share": 0}}},
        "often": {
            "lines": 5,
            "fields": {
                "a": {"types": ["integer", "text"], "null_share": 0},
                "b": {"types": ["text"], "null_share": 0.2},
            },
        },
    }
    (tmp_path / "other.log_schema.json").write_text(json.dumps({"events": schema}))
    assert find_log_schema(tmp_path, "n") == tmp_path / "other.log_schema.json"
    facts = read_facts(tmp_path, {"run": "n"})
    assert facts.kinds[LOG_SCHEMA] == {"often": "logged", "often.a": "integer or text"}
