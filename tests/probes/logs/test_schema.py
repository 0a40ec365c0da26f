"""Schemas of log lines: fields, JSON types and null shares by event, also from rare fields."""

import json
from pathlib import Path
from typing import Any

from securenet_obs.probes.logs.frame import log_frame
from securenet_obs.probes.logs.schema import EventSchema, FieldSchema, LogSchema, read_log_schema


def schema_of(folder: Path, *records: dict[str, Any], since: str = "") -> LogSchema:
    """Return the schema of these lines, a second apart."""
    file = folder / "a.log"
    lines = [
        {
            "timestamp": f"2026-01-01T00:{number // 60:02}:{number % 60:02}.000000Z",
            "event": "done",
            **record,
        }
        for number, record in enumerate(records)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read_log_schema(log_frame(file), since)


def test_fields_have_their_types_and_null_shares_by_event(tmp_path: Path) -> None:
    """Null and absent are both without a value; integers and floats are one JSON type."""
    schema = schema_of(
        tmp_path,
        {"a": 1, "b": None, "c": "x", "d": [1], "e": True, "f": {"g": 1}},
        {"a": 1.5, "b": 2, "c": 3},
        {"event": "other", "a": "x"},
    )
    done = schema.events["done"]
    assert done.lines == 2
    assert done.fields["a"] == FieldSchema(("number",), 0)
    assert done.fields["b"] == FieldSchema(("number",), 0.5)
    assert done.fields["c"] == FieldSchema(("number", "string"), 0)
    assert done.fields["d"] == FieldSchema(("array",), 0.5)
    assert done.fields["e"] == FieldSchema(("boolean",), 0.5)
    assert done.fields["f.g"] == FieldSchema(("number",), 0.5)
    assert done.fields["timestamp"] == FieldSchema(("string",), 0)
    assert set(schema.events["other"].fields) == {"a", "event", "timestamp"}
    assert schema.until == "2026-01-01T00:00:02.000000Z"


def test_texts_of_other_loggers_are_one_event_for_each(tmp_path: Path) -> None:
    """A text may hold a value; it does not become a name of the schema, nor does such a field."""
    schema = schema_of(
        tmp_path,
        {"event": "Started process [17]", "logger": "uvicorn.error"},
        {"event": "password is hunter2", "logger": "uvicorn.access", "my hunter2 field": 1},
        {"event": "Ready."},
    )
    assert schema.events.keys() == {"messages of uvicorn", "other messages"}
    assert schema.events["messages of uvicorn"].lines == 2
    assert "hunter2" not in json.dumps(schema.as_json())


def test_older_lines_do_not_count(tmp_path: Path) -> None:
    """They would hide a field that vanished."""
    records = [{"a": 1}, {"b": 1}]
    schema = schema_of(tmp_path, *records, since="2026-01-01T00:00:00.000000Z")
    assert set(schema.events["done"].fields) == {"b", "event", "timestamp"}
    later = schema_of(tmp_path, *records, since="2026-01-02T00:00:00.000000Z")
    assert later == LogSchema("", {})


def test_fields_without_a_column_count(tmp_path: Path) -> None:
    """The rarest of many fields share a column of the frame."""
    schema = schema_of(tmp_path, *({f"f{number}": 1} for number in range(600)))
    assert len(schema.events["done"].fields) == 602


def test_a_schema_survives_a_file(tmp_path: Path) -> None:
    """Anything else in it is no schema."""
    schema = schema_of(tmp_path, {"a": 1})
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(schema.as_json()))
    assert LogSchema.read(path) == schema
    for text in ("{", "[]", '{"until": "", "events": {"a": 3}}', '{"until": ""}'):
        path.write_text(text)
        assert LogSchema.read(path) is None
    assert LogSchema.read(tmp_path / "absent.json") is None


def test_few_new_lines_do_not_replace_an_event() -> None:
    """An event that is new is taken at once."""
    before = LogSchema("1", {"a": EventSchema(9), "b": EventSchema(9)})
    after = LogSchema("2", {"a": EventSchema(5), "b": EventSchema(4), "c": EventSchema(1)})
    updated = before.updated(after, 5)
    assert updated.until == "2"
    assert {name: part.lines for name, part in updated.events.items()} == {"a": 5, "b": 9, "c": 1}
