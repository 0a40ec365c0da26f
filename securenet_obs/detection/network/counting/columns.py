"""Metrics of many records of one shape, by columns: each step is one call for all of them.

It has the result of `Normaliser.normalise` for each record, or none at all: where the values of a
column differ in type, or one of them is invalid, the records are normalised one by one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any

from securenet_obs.detection.network.counting.moments import Moments, moments_of
from securenet_obs.detection.network.ecs.conversions import CONVERSIONS, MAX_COUNT
from securenet_obs.detection.network.ecs.flows import canonical_address
from securenet_obs.detection.network.ecs.mapping import Target
from securenet_obs.detection.network.ecs.plans import Mapper, Plan

Column = list[Any]

_TIME, _FLOW_TIMES = "@timestamp", ("event.start", "event.end")


class NotUniformError(Exception):
    """The records must be normalised one by one."""


@dataclass
class Columns:
    """ECS fields of many records of one log type.

    Attributes:
        columns: field -> its value in each record; of a flow's start and end, not converted yet.
        constants: field -> its value in all records, unless it has a column.
        moments: times of the records; None until they are known.
    """

    columns: dict[str, Column]
    constants: dict[str, Any]
    moments: Moments | None = None

    def get(self, name: str, count: int) -> Sequence[Any]:
        """Return the values of a field in each of the records."""
        return self.columns.get(name) or [self.constants.get(name)] * count


def map_columns(mapper: Mapper, records: list[dict[str, Any]]) -> Columns:
    """Return the ECS fields of records with equal names.

    Raises:
        NotUniformError: the records differ in more than their values, or one is invalid.
    """
    found = Columns({}, dict(mapper.log_type.event))
    _map_objects(mapper, records, "", found)
    if found.moments is None:
        found.moments = _flow_moments(found)
    return found


def _flow_moments(found: Columns) -> Moments:
    """Return the ends or the starts of flows as their times."""
    values = found.columns.get("event.end") or found.columns.get("event.start")
    moments = None if values is None else moments_of(values)
    if moments is None:
        raise NotUniformError
    return moments


def _map_objects(mapper: Mapper, records: list[dict[str, Any]], path: str, found: Columns) -> None:
    plan = mapper.plan_of(records[0], path)
    columns = _columns_of(records, _used(plan))
    for name, choices in plan.converted:
        _fill(found, choices, columns[name], mapper.log_type.unset)
    for name, inner_path in plan.inner:
        if len(set(map(tuple, columns[name]))) > 1:
            raise NotUniformError
        _map_objects(mapper, columns[name], inner_path, found)
    for name, table in plan.valued:
        _set_by_value(table, columns[name], found)


def _fill(found: Columns, choices: tuple[Target, ...], values: Column, unset: str | None) -> None:
    field, convert = choices[0]
    if field in found.columns or (field == _TIME and found.moments is not None):
        return
    if len(choices) > 1 or field in found.constants or (unset is not None and unset in values):
        raise NotUniformError
    if field == _TIME:
        found.moments = moments_of(values)
        if found.moments is None:
            raise NotUniformError
    else:
        found.columns[field] = values if field in _FLOW_TIMES else _convert(convert, values)


def _used(plan: Plan) -> list[str]:
    if plan.copied is not None:
        raise NotUniformError
    names = [name for name, _ in (*plan.converted, *plan.inner, *plan.valued)]
    return list(dict.fromkeys(names))


def _columns_of(records: list[dict[str, Any]], names: list[str]) -> dict[str, Column]:
    """Return the columns of these names; the values of each have one type."""
    columns = {name: list(map(itemgetter(name), records)) for name in names}
    for column in columns.values():
        if len(set(map(type, column))) > 1:
            raise NotUniformError
    return columns


def _set_by_value(table: Mapping[str, Mapping[str, Any]], values: Column, found: Columns) -> None:
    if values[0].__class__ is not str:
        values = [str(value).lower() for value in values]
    others = table.get("", {})
    for field in {field for updates in table.values() for field in updates}:
        before = found.columns.get(field)
        constant = None if before is not None else found.constants.get(field)
        given = {value: updates.get(field, constant) for value, updates in table.items()}
        new = list(map(given.get, values, repeat(others.get(field, constant))))
        if before is not None:
            new = [a if a is not None else b for a, b in zip(new, before, strict=True)]
        found.columns[field] = new


def _convert(convert: Callable[[Any], Any], values: Column) -> Column:
    quick = _QUICK.get(convert)
    converted = quick(values) if quick is not None else list(map(convert, values))
    if None in converted:
        raise NotUniformError
    return converted


def _addresses(values: Column) -> Column:
    if values[0].__class__ is not str:
        raise NotUniformError
    return list(map(canonical_address, values))


def _byte_counts(values: Column) -> Column:
    if values[0].__class__ is not int or min(values) < 0 or max(values) >= MAX_COUNT:
        raise NotUniformError
    return values


_QUICK: dict[Any, Callable[[Column], Column]] = {
    CONVERSIONS["ip"]: _addresses,
    CONVERSIONS["bytes"]: _byte_counts,
}
