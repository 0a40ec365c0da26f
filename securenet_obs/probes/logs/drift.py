"""Drift of a log schema: fields that appeared, vanished or changed their type, and waivers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from securenet_obs.probes.logs.schema import EventSchema, FieldSchema, LogSchema
from securenet_obs.waivers import WaiverEntry

APPEARED, VANISHED, CHANGED = "appeared", "vanished", "changed type"
FAILING = frozenset({VANISHED, CHANGED})
"""Changes that break a search, a dashboard or an alert; a new field breaks none."""

MIN_LINES = 5
"""Number of lines from which a new schema of an event replaces the one before."""

MOST_CHANCE = 0.01
"""Probability below which the absence of a field is not taken for chance."""


@dataclass(frozen=True)
class SchemaChange:
    """A change of a log schema.

    Attributes:
        name: EVENT.FIELD, or EVENT alone if all its lines are gone or new.
        change: `appeared`, `vanished` or `changed type`.
        before: JSON types before, and the share of lines with a value.
        after: the same now.
        waiver: reason of the waiver that accepts it; empty for none.
        expired_on: last day of a waiver that has expired; empty for none.
    """

    name: str
    change: str
    before: str
    after: str
    waiver: str = ""
    expired_on: str = ""

    @property
    def is_failing(self) -> bool:
        """Whether it is a vanished field, or one of another type, that no waiver accepts."""
        return "." in self.name and self.change in FAILING and not self.waiver


def find_drift(
    before: LogSchema, after: LogSchema, waivers: Sequence[WaiverEntry], today: date
) -> list[SchemaChange]:
    """Return the changes of a log schema, failing ones first.

    A field has vanished if its absence from all lines is more than chance, by the share of lines
    that had it before. An event without any line now proves nothing about its fields: it is listed,
    and fails no check.

    Args:
        before: schema of the last green run.
        after: schema of the lines since then.
        waivers: accepted changes by EVENT.FIELD, with `*` for any text.
        today: the day on which a waiver must be valid.
    """
    changes = [
        change
        for event in sorted({*before.events, *after.events})
        for change in _compare(event, before.events.get(event), after.events.get(event))
    ]
    waived = [_apply(change, waivers, today) for change in changes]
    return sorted(waived, key=lambda change: (not change.is_failing, change.name))


def _compare(
    event: str, before: EventSchema | None, after: EventSchema | None
) -> Iterator[SchemaChange]:
    if before is None or after is None:
        lines = [f"{part.lines} lines" if part else "none" for part in (before, after)]
        yield SchemaChange(event, VANISHED if before else APPEARED, *lines)
        return
    for name in sorted({*before.fields, *after.fields}):
        old, new = before.fields.get(name), after.fields.get(name)
        texts = _describe(old), _describe(new)
        if old is None:
            yield SchemaChange(f"{event}.{name}", APPEARED, *texts)
        elif new is None:
            if _chance(old, before.lines, after.lines) < MOST_CHANCE:
                yield SchemaChange(f"{event}.{name}", VANISHED, *texts)
        elif set(new.types) - set(old.types):
            yield SchemaChange(f"{event}.{name}", CHANGED, *texts)


def _chance(field: FieldSchema, lines: int, newer: int) -> float:
    """Return the probability that a field lacks in so many newer lines by chance.

    Its share of the lines is estimated by the rule of succession, which doubts few lines.
    """
    present = round((1 - field.null_share) * lines)
    return float((1 - (present + 1) / (lines + 2)) ** newer)


def _describe(field: FieldSchema | None) -> str:
    if field is None:
        return "none"
    types = " or ".join(field.types)
    return types if not field.null_share else f"{types}, in {1 - field.null_share:.0%} of lines"


def _apply(change: SchemaChange, waivers: Iterable[WaiverEntry], today: date) -> SchemaChange:
    """Return a change with the waiver that accepts it; of several, the one that expires last."""
    matching = [row for row in waivers if fnmatchcase(change.name, row.subject)]
    if not matching or change.change not in FAILING:
        return change
    last = max(matching, key=lambda row: row.expires_on)
    expired = last.has_expired(today)
    return SchemaChange(
        change.name, change.change, change.before, change.after,
        waiver="" if expired else last.reason,
        expired_on=last.expires_on.isoformat() if expired else "",
    )  # fmt: skip
