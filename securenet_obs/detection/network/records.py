"""The common record: any object of a log as ECS fields, or the reason to reject it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from securenet_obs.detection.network.ecs.flows import NUMBERS, community_id_of
from securenet_obs.detection.network.ecs.mapping import Family, LogType, load_families, project
from securenet_obs.detection.network.ecs.plans import Mapper, Plan
from securenet_obs.detection.network.ecs.times import EARLIEST, LATEST
from securenet_obs.errors import RecordError

INVALID_TIME = "invalid timestamp"
NOT_AN_OBJECT = "not an object"

_MAX_SHAPES = 10_000
_MAX_TYPES = 100
_NUMBERS = {name: str(number) for name, number in NUMBERS.items()}


class Record(NamedTuple):
    """A record of a log.

    Attributes:
        fields: ECS fields by their dotted names; fields that the mapping does not know are in an
            object under the name of the log type, such as `zeek.conn`.
        log_type: the log type, such as `zeek.conn`.
        is_snapshot: whether its byte counts repeat those of the flow's own record.
    """

    fields: dict[str, Any]
    log_type: str
    is_snapshot: bool

    @property
    def timestamp(self) -> datetime | None:
        """Time of the event in UTC; None if the record has none."""
        return self.fields.get("@timestamp")


class Normaliser:
    """Turns objects of any shape into records; caches the steps for each shape."""

    def __init__(self, only: frozenset[str] | None = None) -> None:
        """Create a normaliser.

        Args:
            only: ECS fields that the records get, without any others; None for all.
        """
        self._only = only
        self._shapes: dict[tuple[object, ...], _Shape] = {}
        self._mappers: dict[str, Mapper] = {}

    def normalise(self, item: object) -> Record:
        """Return the common record of an object.

        Raises:
            RecordError: it is not an object, or its time or a byte count is impossible.
        """
        if not isinstance(item, dict):
            raise RecordError(NOT_AN_OBJECT)
        mapper, plan = self._steps_for(item)
        fields = mapper.map(item, plan)
        if "@timestamp" not in fields:
            _add_time(fields, mapper, item)
        _add_network(fields)
        log_type = mapper.log_type
        return Record(fields, log_type.name, log_type.is_snapshot)

    def divide(
        self, items: Sequence[dict[str, Any]]
    ) -> Iterator[tuple[Mapper | None, Sequence[int]]]:
        """Yield the places of records with one log type, of records with equal names.

        Yields:
            the mapper, None if the log type is not decided by a field of the record itself; and
            the places.
        """
        shape = _shape_of(items[0])
        if not shape.is_decided:
            yield None, range(len(items))
            return
        for place, places in _by_value(items, shape.type_name):
            if place is None:
                yield None, places
            else:
                log_type = shape.family.type_of(items[place], shape.names)
                yield self._mapper_for(log_type), places

    def _steps_for(self, record: Mapping[str, Any]) -> "_Steps":
        shape = (*record, *map(type, record.values()))
        found = self._shapes.get(shape)
        if found is None:
            if len(self._shapes) >= _MAX_SHAPES:
                self._shapes.clear()
            found = self._shapes[shape] = _shape_of(record)
        value = None if found.type_name is None else record[found.type_name]
        steps = found.steps.get(value)
        if steps is None:
            mapper = self._mapper_for(found.family.type_of(record, found.names))
            steps = mapper, mapper.plan_of(record)
            if found.is_decided and len(found.steps) < _MAX_TYPES:
                found.steps[value] = steps
        return steps

    def _mapper_for(self, log_type: LogType) -> Mapper:
        mapper = self._mappers.get(log_type.name)
        if mapper is None:
            if len(self._mappers) >= _MAX_SHAPES:
                self._mappers.clear()
            mapper = self._mappers[log_type.name] = self._create_mapper(log_type)
        return mapper

    def _create_mapper(self, log_type: LogType) -> Mapper:
        if self._only is None:
            return Mapper(log_type)
        return Mapper(project(log_type, self._only), keeps_unknown=False)


_Steps = tuple[Mapper, Plan]


class _Shape(NamedTuple):
    """A shape of records: its family, the field with the log type, and the steps for each type.

    The steps are not decided by that field where the type is in an object of the record.
    """

    family: Family
    names: frozenset[str]
    type_name: str | None
    is_decided: bool
    steps: dict[Any, _Steps]


def _shape_of(record: Mapping[str, Any]) -> _Shape:
    names = frozenset(record)
    family = next(family for family in load_families() if family.recognises(names))
    given = [path for path in family.type_from if record.get(path[0]) is not None]
    is_flat = not given or (len(given[0]) == 1 and isinstance(record[given[0][0]], str | int))
    return _Shape(family, names, given[0][0] if given and is_flat else None, is_flat, {})


def _by_value(
    items: Sequence[dict[str, Any]], name: str | None
) -> Iterator[tuple[int | None, Sequence[int]]]:
    """Yield the places of items with an equal text or integer in a field, after the first of them.

    That of items with any other value is None.
    """
    values = [] if name is None else [item[name] for item in items]
    if not values or (values[0].__class__ is str and values.count(values[0]) == len(values)):
        yield 0, range(len(items))
        return
    groups: dict[Any, list[int]] = {}
    for place, value in enumerate(values):
        key = value if value.__class__ is str or value.__class__ is int else None
        groups.setdefault(key, []).append(place)
    for key, places in groups.items():
        yield None if key is None else places[0], places


@cache
def normaliser() -> Normaliser:
    """Return this process's normaliser."""
    return Normaliser()


def _add_time(fields: dict[str, Any], mapper: Mapper, record: Mapping[str, Any]) -> None:
    """Take the end or the start of a flow as its time."""
    if mapper.has_time(record):
        raise RecordError(INVALID_TIME)
    moment = fields.get("event.end") or fields.get("event.start")
    if moment is not None and EARLIEST <= moment < LATEST:
        fields["@timestamp"] = moment


def _add_network(fields: dict[str, Any]) -> None:
    """Add the fields that follow from others: type, protocol number, bytes, community id."""
    get = fields.get
    source, destination, transport = get("source.ip"), get("destination.ip"), get(_TRANSPORT)
    if (address := source or destination) is not None:
        fields["network.type"] = "ipv6" if ":" in address else "ipv4"
    sent, received = get("source.bytes"), get("destination.bytes")
    if (sent is not None or received is not None) and "network.bytes" not in fields:
        fields["network.bytes"] = (sent or 0) + (received or 0)
    if transport is None:
        return
    if (number := _NUMBERS.get(transport)) is not None:
        fields["network.iana_number"] = number
    if source is not None and destination is not None and "network.community_id" not in fields:
        ports = get("source.port"), get("destination.port")
        if (identifier := community_id_of(transport, source, destination, *ports)) is not None:
            fields["network.community_id"] = identifier


_TRANSPORT = "network.transport"
