"""Flattens nested objects to dotted field names, a column at a time and in bounded memory."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from securenet_obs.probes.logs.records.decoding import Record

MAX_NAME_LENGTH = 1024
"""Maximum length of a dotted name to which an object is flattened further."""

MAX_DOTTED_LENGTH = 16 * 1024
"""Maximum length of all dotted names of a record; a line can name fields far longer than itself."""


class Cells(NamedTuple):
    """Values of one field: the row and the value of each, and the types among them."""

    name: str
    rows: Sequence[int]
    values: Sequence[Any]
    types: set[type]


class _Objects(NamedTuple):
    prefix: str
    rows: Sequence[int]
    objects: Sequence[Record]


def flatten(rows: Sequence[int], records: Sequence[Record]) -> Iterator[Cells]:
    """Yield the cells of records, outer fields first; `rows` numbers the records.

    An empty object is kept, and so is one whose fields would exceed the limits of the names.
    """
    lengths: defaultdict[int, int] = defaultdict(int)
    todo = deque([_Objects("", rows, records)])
    while todo:
        outer = todo.popleft()
        for keys, group_rows, group in _group_by_keys(outer.rows, outer.objects):
            if not keys:  # of which there may be very many
                continue
            columns = zip(*map(dict.values, group), strict=True)
            for key, values in zip(keys, columns, strict=True):
                cells = _collect(outer.prefix + key, group_rows, values)
                if dict in cells.types:
                    cells = _split_off(cells, bool(outer.prefix), lengths, todo)
                if cells.values:
                    yield cells


def _group_by_keys(
    rows: Sequence[int], records: Sequence[Record]
) -> Iterator[tuple[tuple[str, ...], Sequence[int], Sequence[Record]]]:
    keys = list(map(tuple, records))
    if keys.count(keys[0]) == len(keys):
        yield keys[0], rows, records
        return
    groups: dict[tuple[str, ...], tuple[list[int], list[Record]]] = {}
    for key, row, record in zip(keys, rows, records, strict=True):
        group = groups.get(key)
        if group is None:
            group = groups[key] = ([], [])
        group[0].append(row)
        group[1].append(record)
    for key, (group_rows, group_records) in groups.items():
        yield key, group_rows, group_records


def _collect(name: str, rows: Sequence[int], values: Sequence[Any]) -> Cells:
    first = values[0]
    if type(first) is str and values.count(first) == len(values):
        # One object for a value that is repeated.
        return Cells(name, rows, [first] * len(values), {str})
    return Cells(name, rows, values, set(map(type, values)))


def _split_off(
    cells: Cells, is_nested: bool, lengths: defaultdict[int, int], todo: deque[_Objects]
) -> Cells:
    """Append the objects that can be flattened to `todo`; return the other cells.

    `lengths` maps a row to the length of its dotted names; the name of a nested object is among
    them until the object is flattened.
    """
    name = cells.name
    own = len(name) if is_nested else 0
    flattened, others = _Objects(f"{name}.", [], []), Cells(name, [], [], set())
    for row, value in zip(cells.rows, cells.values, strict=True):
        if type(value) is dict and value and len(name) <= MAX_NAME_LENGTH:
            added = len(value) * (len(name) + 1) + sum(map(len, value)) - own
            if lengths[row] + added <= MAX_DOTTED_LENGTH:
                lengths[row] += added
                flattened.rows.append(row)  # type: ignore[attr-defined]
                flattened.objects.append(value)  # type: ignore[attr-defined]
                continue
        others.rows.append(row)  # type: ignore[attr-defined]
        others.values.append(value)  # type: ignore[attr-defined]
        others.types.add(type(value))
    if flattened.objects:
        todo.append(flattened)
    return others
