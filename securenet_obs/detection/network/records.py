"""The common record: any object of a log as ECS fields, or the reason to reject it."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from securenet_obs.detection.network.ecs.flows import NUMBERS, community_id_of
from securenet_obs.detection.network.ecs.mapping import Family, load_families
from securenet_obs.detection.network.ecs.plans import Mapper
from securenet_obs.detection.network.ecs.times import EARLIEST, LATEST
from securenet_obs.errors import RecordError

INVALID_TIME = "invalid timestamp"
NOT_AN_OBJECT = "not an object"

_MAX_SHAPES = 10_000
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
    """Turns objects of any shape into records; what it learns of a shape, it keeps."""

    def __init__(self) -> None:
        self._families: dict[tuple[str, ...], tuple[Family, frozenset[str]]] = {}
        self._mappers: dict[str, Mapper] = {}

    def normalise(self, item: object) -> Record:
        """Return the common record of an object.

        Raises:
            RecordError: it is not an object, or its time or a byte count is impossible.
        """
        if not isinstance(item, dict):
            raise RecordError(NOT_AN_OBJECT)
        mapper = self._mapper_of(item)
        fields = mapper.map(item)
        if "@timestamp" not in fields:
            _add_time(fields, mapper, item)
        _add_network(fields)
        log_type = mapper.log_type
        return Record(fields, log_type.name, log_type.is_snapshot)

    def _mapper_of(self, record: Mapping[str, Any]) -> Mapper:
        family, names = self._family_of(record)
        log_type = family.type_of(record, names)
        mapper = self._mappers.get(log_type.name)
        if mapper is None:
            if len(self._mappers) >= _MAX_SHAPES:
                self._mappers.clear()
            mapper = self._mappers[log_type.name] = Mapper(log_type)
        return mapper

    def _family_of(self, record: Mapping[str, Any]) -> tuple[Family, frozenset[str]]:
        shape = tuple(record)
        found = self._families.get(shape)
        if found is None:
            if len(self._families) >= _MAX_SHAPES:
                self._families.clear()
            names = frozenset(shape)
            family = next(family for family in load_families() if family.recognises(names))
            found = self._families[shape] = family, names
        return found


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
