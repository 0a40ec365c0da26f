"""The mapping of log types to ECS, as mapping.toml has it: families, log types and their rules."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from securenet_obs.detection.network.ecs.attack import ATTACK_FIELDS, parse_rule_name
from securenet_obs.detection.network.ecs.conversions import CONVERSIONS, Conversion

_TYPE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_MAX_TYPES = 1000

TIMES = ("@timestamp", "timestamp", "ts", "time", "datetime", "event_time", "eventTime", "date")
"""Names of times in any record, after those of its family."""

ANY_OBJECT = "json"
"""Family of the objects that no other family recognises."""

Target = tuple[str, Conversion]
Parser = Callable[[object], dict[str, Any]]

PARSERS: dict[str, tuple[Parser, frozenset[str]]] = {"attack": (parse_rule_name, ATTACK_FIELDS)}
"""Name of a parser in the mapping -> its function, and the ECS fields that it may give."""


@dataclass(frozen=True)
class LogType:
    """A log type: the rules that turn its records into ECS.

    Attributes:
        family: the family's name, `event.module` of its records.
        name: family and type, such as `zeek.conn`: `event.dataset`; unknown fields are under it.
        event: ECS fields that each record gets.
        rules: path of a source field -> the ECS fields that it may fill.
        order: path of a source field -> its place in the file; the first one wins.
        values: path of a source field -> its value -> ECS fields; the value "" is any other.
        parsed: path of a source field -> the parser of its text.
        inner: paths of objects with fields that rules name.
        unset: text that stands for an absent value.
        is_snapshot: whether byte counts repeat those of the flow's own record.
    """

    family: str
    name: str
    event: Mapping[str, Any]
    rules: Mapping[str, tuple[Target, ...]]
    order: Mapping[str, int]
    values: Mapping[str, Mapping[str, Mapping[str, Any]]]
    parsed: Mapping[str, str]
    inner: frozenset[str]
    unset: str | None
    is_snapshot: bool


def project(log_type: LogType, only: frozenset[str]) -> LogType:
    """Return a log type that fills some ECS fields alone, and those as before."""
    rules = {
        path: kept
        for path, targets in log_type.rules.items()
        if (kept := tuple(target for target in targets if target[0] in only))
    }
    values = {
        path: {value: _kept(fields, only) for value, fields in table.items()}
        for path, table in log_type.values.items()
        if any(_kept(fields, only) for fields in table.values())
    }
    parsed = {
        path: name
        for path, name in log_type.parsed.items()
        if not only.isdisjoint(PARSERS[name][1])
    }
    return replace(
        log_type,
        event=_kept(log_type.event, only),
        rules=rules,
        values=values,
        parsed=parsed,
        inner=frozenset(_parents([*rules, *values, *parsed])),
    )


def _kept(fields: Mapping[str, Any], only: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in only}


@dataclass(frozen=True)
class Family:
    """A family of log types, and how its records and their types are recognised."""

    name: str
    when: tuple[frozenset[str], ...]
    type_from: tuple[tuple[str, ...], ...]
    table: Mapping[str, Any]
    targets: Mapping[str, Conversion]
    types: dict[str, LogType] = field(default_factory=dict)

    def recognises(self, names: frozenset[str]) -> bool:
        """Return whether a record with these names belongs to the family."""
        return not self.when or any(names.issuperset(known) for known in self.when)

    def type_of(self, record: Mapping[str, Any], names: frozenset[str]) -> LogType:
        """Return the log type of a record of this family."""
        for path in self.type_from:
            value = _value_at(record, path)
            if value is not None:
                return self.log_type(_type_name(value))
        return self.log_type(self._inferred(names))

    def _inferred(self, names: frozenset[str]) -> str:
        for name, table in self.table.get("types", {}).items():
            if any(names.issuperset(known) for known in table.get("when", ())):
                return str(name)
        return ""

    def log_type(self, name: str) -> LogType:
        """Return a log type by its name; an unknown one has the rules of the family alone."""
        if name not in self.types:
            if len(self.types) >= _MAX_TYPES:
                self.types.clear()
            self.types[name] = _create_type(self, name)
        return self.types[name]


@cache
def load_families() -> tuple[Family, ...]:
    """Return the families of mapping.toml, in the order in which they are tried."""
    tables = load_tables()
    return tuple(_create_family(name, table) for name, table in tables.items())


@cache
def load_tables() -> dict[str, Any]:
    """Return the tables of mapping.toml by family."""
    tables = _read()
    del tables["ecs_types"]
    return tables


@cache
def load_types() -> dict[str, str]:
    """Return the type of each ECS field of mapping.toml that is not a keyword."""
    return {name: kind for kind, names in _read()["ecs_types"].items() for name in names}


def _read() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("mapping.toml").read_text())


def _create_family(name: str, table: Mapping[str, Any]) -> Family:
    when = tuple(frozenset(names) for names in table.get("when", ()))
    paths = tuple(tuple(path.split(".")) for path in table.get("type_from", ()))
    targets = {target: CONVERSIONS[kind] for target, kind in load_types().items()}
    return Family(name, when, paths, table, targets)


def _create_type(family: Family, name: str) -> LogType:
    own = family.table.get("types", {}).get(name, {})
    tables = (own, family.table)
    sources = [item for table in tables for item in table.get("fields", {}).items()]
    rules: dict[str, tuple[Target, ...]] = {}
    for source, target in sources:
        for path in _spellings(family, source):
            rules.setdefault(path, _targets(family, target))
    for source in TIMES:
        rules.setdefault(source, _targets(family, "@timestamp"))
    values = {
        path: table
        for part in reversed(tables)
        for source, table in part.get("values", {}).items()
        for path in _spellings(family, source)
    }
    parsed = {
        path: parser
        for part in reversed(tables)
        for source, parser in part.get("parsed", {}).items()
        for path in _spellings(family, source)
    }
    full_name = f"{family.name}.{name}" if name else family.name
    return LogType(
        family=family.name,
        name=full_name,
        event={
            **family.table.get("event", {}),
            **own.get("event", {}),
            "event.module": family.name,
            "event.dataset": full_name,
        },
        rules=rules,
        order={path: place for place, path in enumerate(rules)},
        values=values,
        parsed=parsed,
        inner=frozenset(_parents([*rules, *values, *parsed])),
        unset=family.table.get("unset"),
        is_snapshot=own.get("snapshot", False),
    )


def _targets(family: Family, target: str | list[str]) -> tuple[Target, ...]:
    names = [target] if isinstance(target, str) else target
    return tuple((name, family.targets.get(name, CONVERSIONS["keyword"])) for name in names)


def _spellings(family: Family, source: str) -> Iterator[str]:
    for prefix in family.table.get("prefixes", ("",)):
        yield f"{prefix}{source}"
    if family.table.get("underscores") and "." in source:
        yield source.replace(".", "_")


def _parents(paths: list[str]) -> Iterator[str]:
    for path in paths:
        while "." in path:
            path = path.rpartition(".")[0]
            yield path


def _value_at(record: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return None if isinstance(record, dict | list) else record


def _type_name(value: object) -> str:
    """Return a type's name; Zeek adds the number of a rotation after a dot."""
    text = str(value).partition(".")[0]
    return text if _TYPE.fullmatch(text) else ""
