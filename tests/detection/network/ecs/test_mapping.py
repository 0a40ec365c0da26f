"""The mapping of log types, compared with ECS itself."""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any

from securenet_obs.detection.network.ecs.conversions import CONVERSIONS
from securenet_obs.detection.network.ecs.mapping import load_families, load_tables, load_types
from tests.detection.network.recorded import DATA, needs_ecs

# Type of a field in the mapping -> its types in ECS.
SAME = {
    "timestamp": {"date"},
    "seconds": {"long"},
    "port": {"long"},
    "bytes": {"long"},
    "ips": {"ip"},
    "mac": {"keyword"},
    "transport": {"keyword"},
    "lower": {"keyword"},
    "keyword": {"keyword", "wildcard", "match_only_text"},
    "keywords": {"keyword"},
}


def tables() -> Iterator[Mapping[str, Any]]:
    """Yield the table of each family and log type."""
    for family in load_tables().values():
        yield family
        yield from family.get("types", {}).values()


def constants() -> Iterator[tuple[str, Any]]:
    """Yield each ECS field that has a given value in the mapping, with that value."""
    for table in tables():
        yield from table.get("event", {}).items()
        for values in table.get("values", {}).values():
            for fields in values.values():
                yield from fields.items()


def targets() -> set[str]:
    """Return each ECS field of the mapping."""
    sources = [target for table in tables() for target in table.get("fields", {}).values()]
    filled = {t for target in sources for t in ([target] if isinstance(target, str) else target)}
    return filled | {name for name, _ in constants()}


@needs_ecs
def test_every_field_is_one_of_ecs_and_has_its_type() -> None:
    """A field has the type, and is a list where ECS has one."""
    with (DATA / "ecs" / "fields.csv").open() as file:
        known = {row["field"]: row for row in csv.DictReader(file)}
    kinds = load_types()
    assert targets() <= known.keys()
    assert kinds.keys() <= targets() | {"host.ip"}
    for name in targets():
        kind = kinds.get(name, "keyword")
        assert known[name]["type"] in SAME.get(kind, {kind}), name
        is_list = known[name]["normalization"] == "array"
        assert is_list == (kind in {"keywords", "ips"}), name


@needs_ecs
def test_given_values_are_allowed() -> None:
    """The values of kind, category, type and outcome are those that ECS allows."""
    allowed = json.loads((DATA / "ecs" / "allowed_values.json").read_text())
    checked = 0
    for name, value in constants():
        if name in allowed:
            values = value if isinstance(value, list) else [value]
            assert set(values) <= set(allowed[name]), (name, value)
            checked += 1
    assert checked > 100


def test_types_have_a_conversion() -> None:
    """Each type of the mapping is one that a value can be converted to."""
    assert set(load_types().values()) <= CONVERSIONS.keys()


def test_a_type_has_the_rules_of_its_family_and_its_own() -> None:
    """An own rule comes first; an unknown type has those of the family alone."""
    zeek = next(family for family in load_families() if family.name == "zeek")
    conn, other = zeek.log_type("conn"), zeek.log_type("new_script")
    assert conn.rules.keys() > other.rules.keys()
    assert (conn.name, other.name) == ("zeek.conn", "zeek.new_script")
    assert conn.event["event.type"] == ["connection", "end"]
    assert other.event["event.type"] == ["info"]


def test_unknown_types_are_forgotten_before_they_fill_the_memory() -> None:
    """A file may name any number of types."""
    zeek = next(family for family in load_families() if family.name == "zeek")
    for number in range(2500):
        zeek.log_type(f"script_{number}")
    assert len(zeek.types) <= 1000
