"""Drift of a log schema: what fails a check, what is listed, and what a waiver accepts."""

from datetime import date

import pytest

from securenet_obs.probes.logs.drift import find_drift
from securenet_obs.probes.logs.schema import EventSchema, FieldSchema, LogSchema
from securenet_obs.waivers import WaiverEntry

TODAY = date(2026, 6, 1)
TEXT, SOMETIMES = FieldSchema(("string",), 0), FieldSchema(("string",), 0.5)


def schema(lines: int, **fields: FieldSchema) -> LogSchema:
    """Return the schema of one event."""
    return LogSchema("", {"done": EventSchema(lines, fields)})


def waiver(subject: str, expires_on: date = TODAY) -> WaiverEntry:
    """Return a waiver."""
    return WaiverEntry(subject, "", "renamed", expires_on)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (schema(100, a=TEXT), schema(1), [("done.a", "vanished", True)]),
        (schema(100, a=TEXT), schema(1, b=TEXT), [
            ("done.a", "vanished", True), ("done.b", "appeared", False)]),
        (schema(9, a=TEXT), schema(9, a=FieldSchema(("number",), 0)), [
            ("done.a", "changed type", True)]),
        # One type fewer, and another share of lines, are no change.
        (schema(9, a=FieldSchema(("number", "string"), 0)), schema(9, a=SOMETIMES), []),
        # A rare field may lack by chance; not in so many lines.
        (schema(100, a=SOMETIMES), schema(3), []),
        (schema(100, a=SOMETIMES), schema(30), [("done.a", "vanished", True)]),
        (schema(2, a=TEXT), schema(1), []),
        # An event without lines proves nothing about its fields.
        (schema(9, a=TEXT), LogSchema("", {}), [("done", "vanished", False)]),
        (LogSchema("", {}), schema(9, a=TEXT), [("done", "appeared", False)]),
    ],
)  # fmt: skip
def test_a_lost_field_and_another_type_fail(
    before: LogSchema, after: LogSchema, expected: list[tuple[str, str, bool]]
) -> None:
    """By the number of lines that could have had it."""
    found = find_drift(before, after, [], TODAY)
    assert [(row.name, row.change, row.is_failing) for row in found] == expected


@pytest.mark.parametrize("subject", ["done.a", "*.a", "done.*"])
def test_a_waiver_accepts_until_its_last_day(subject: str) -> None:
    """An expired one fails, with its day; of two, the one that expires last counts."""
    before, after = schema(100, a=TEXT), schema(9)
    (row,) = find_drift(before, after, [waiver(subject)], TODAY)
    assert (row.is_failing, row.waiver) == (False, "renamed")
    past = waiver(subject, date(2026, 5, 31))
    (row,) = find_drift(before, after, [past], TODAY)
    assert (row.is_failing, row.waiver, row.expired_on) == (True, "", "2026-05-31")
    (row,) = find_drift(before, after, [waiver(subject), past], TODAY)
    assert not row.is_failing
    (row,) = find_drift(before, after, [waiver("done.b")], TODAY)
    assert row.is_failing
