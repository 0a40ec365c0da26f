"""Plans: how records of one shape become ECS, worked out once for each shape.

The shape of an object is its names and the types of their values, so that a plan knows which values
ECS takes as they are; only the others are converted and judged record by record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from securenet_obs.detection.network.ecs.conversions import CONVERSIONS
from securenet_obs.detection.network.ecs.mapping import PARSERS, LogType, Parser, Target

MAX_PLANS = 2000
"""Maximum number of plans of a log type that are kept; a file with more shapes is only slower."""

_AS_IT_IS = {"keyword": str, "boolean": bool}
_PLAIN = {CONVERSIONS[kind]: source for kind, source in _AS_IT_IS.items()}


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps for the objects of one shape.

    Attributes:
        copied: function from an object to the values that are copied, None if there are none.
        copies: ECS fields of these values.
        converted: names of values to convert, each with the ECS fields that it may fill.
        valued: names whose value sets further ECS fields.
        parsed: names whose text a parser turns into further ECS fields.
        inner: names of objects with mapped fields, each with its path.
        unknown: names that no rule has.
    """

    copied: Any
    copies: tuple[str, ...]
    converted: tuple[tuple[str, tuple[Target, ...]], ...]
    valued: tuple[tuple[str, Mapping[str, Mapping[str, Any]]], ...]
    parsed: tuple[tuple[str, Parser], ...]
    inner: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


class Mapper:
    """Maps records of one log type to ECS, with their unknown fields or without."""

    def __init__(self, log_type: LogType, *, keeps_unknown: bool = True) -> None:
        self.log_type = log_type
        self._keeps_unknown = keeps_unknown
        self._plans: dict[Any, Plan] = {}

    def map(self, record: Mapping[str, Any], plan: Plan | None = None) -> dict[str, Any]:
        """Return the ECS fields of a record by their dotted names, and its unknown fields.

        Args:
            record: the record.
            plan: the plan for its shape, if it is known.

        Raises:
            RecordError: a byte count is impossible.
        """
        out = dict(self.log_type.event)
        unknown = self._map_object(record, plan or self.plan_of(record), out)
        if unknown:
            out[self.log_type.name] = unknown
        return out

    def _map_object(
        self, record: Mapping[str, Any], plan: Plan, out: dict[str, Any]
    ) -> dict[str, Any]:
        unknown = {name: record[name] for name in plan.unknown} if self._keeps_unknown else {}
        if plan.copied is not None:
            out.update(zip(plan.copies, plan.copied(record), strict=True))
        unset = self.log_type.unset
        for name, choices in plan.converted:
            value = record[name]
            if value == unset:
                continue
            for field, convert in choices:
                if field not in out and (converted := convert(value)) is not None:
                    out[field] = converted
                    break
            else:
                if self._keeps_unknown:
                    unknown[name] = value
        for name, path in plan.inner:
            inner = record[name]
            if rest := self._map_object(inner, self.plan_of(inner, path), out):
                unknown[name] = rest
        _add_derived(record, plan, out)
        return unknown

    def has_time(self, record: Mapping[str, Any], path: str = "") -> bool:
        """Return whether a record has a field for its time, valid or not."""
        plan = self.plan_of(record, path)
        fields = {field for _, choices in plan.converted for field, _ in choices}
        return "@timestamp" in fields or any(
            self.has_time(record[name], inner_path) for name, inner_path in plan.inner
        )

    def plan_of(self, record: Mapping[str, Any], path: str = "") -> Plan:
        """Return the plan for the object at a path of a record."""
        shape = (path, *record, *map(type, record.values()))
        plan = self._plans.get(shape)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[shape] = create_plan(self.log_type, record, path)
        return plan


def create_plan(log_type: LogType, record: Mapping[str, Any], path: str) -> Plan:
    """Return the plan for objects with the shape of this one at a path of a record."""
    paths = {name: f"{path}.{name}" if path else name for name in record}
    given = {name: where for name, where in paths.items() if record[name] is not None}
    inner = tuple(
        (name, where)
        for name, where in given.items()
        if where in log_type.inner and isinstance(record[name], dict)
    )
    mapped = {name: where for name, where in given.items() if where in log_type.rules}
    mapped = {name: where for name, where in mapped.items() if (name, where) not in inner}
    in_order = sorted(mapped, key=lambda name: log_type.order[mapped[name]])
    choices = {name: log_type.rules[mapped[name]] for name in in_order}
    copied = _copied(log_type, record, choices) if not path else {}
    return Plan(
        copied=itemgetter(*copied) if copied else None,
        copies=tuple(copied.values()),
        converted=tuple((name, fields) for name, fields in choices.items() if name not in copied),
        valued=tuple(
            (name, log_type.values[where])
            for name, where in given.items()
            if where in log_type.values
        ),
        parsed=tuple(
            (name, PARSERS[log_type.parsed[where]][0])
            for name, where in given.items()
            if where in log_type.parsed
        ),
        inner=inner,
        unknown=tuple(
            name for name in record if name not in mapped and (name, paths[name]) not in inner
        ),
    )


def _copied(
    log_type: LogType, record: Mapping[str, Any], choices: Mapping[str, tuple[Target, ...]]
) -> dict[str, str]:
    """Return the names of values that ECS takes as they are, with their ECS fields."""
    fields = [field for targets in choices.values() for field, _ in targets]
    copied = {
        name: targets[0][0]
        for name, targets in choices.items()
        if len(targets) == 1
        and log_type.unset is None
        and fields.count(targets[0][0]) == 1
        and targets[0][0] not in log_type.event
        and _PLAIN.get(targets[0][1]) is type(record[name])
    }
    # An `itemgetter` of one name returns no tuple.
    return copied if len(copied) > 1 else {}


def _add_derived(record: Mapping[str, Any], plan: Plan, out: dict[str, Any]) -> None:
    """Add the fields that follow from a field's value, or from its text."""
    for name, table in plan.valued:
        out.update(_of_value(table, record[name]))
    for name, parse in plan.parsed:
        out.update(parse(record[name]))


def _of_value(table: Mapping[str, Mapping[str, Any]], value: object) -> Mapping[str, Any]:
    text = value if isinstance(value, str) else str(value).lower()
    # A known value may give no field, such as those that a projection leaves out.
    return table[text] if text in table else table.get("", {})
