"""Copies of a secret in the store: texts and JSON of every table, except those of public data.

The rows are read and searched here: a statement with the secret would be in the database's log.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import JSON, Column, Row, String, Table, Text, cast, select, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from securenet_obs import store
from securenet_obs.errors import ActionError, StoreUnavailableError
from securenet_obs.oncall.copies.copy import UNKNOWN, Copy, Skipped
from securenet_obs.oncall.copies.spelled import Spelled
from securenet_obs.store.tables import UtcDateTime

PUBLIC = frozenset({"advisory_entries", "advisory_syncs", "exploited_vulnerabilities"})
"""Tables of published data, which is imported, and large."""

_ROWS = 1_000

_REDACTED = "redacted"
"""Column of dead letters: masked arguments must not be sent again."""


class StoreRows:
    """The store of this process."""

    def search(self, secrets: Spelled) -> Iterator[Copy | Skipped]:
        """Yield the copies of each secret in each row."""
        for table in store.Table.metadata.sorted_tables:
            if table.name in PUBLIC:
                continue
            try:
                yield from self._search_table(table, secrets)
            except StoreUnavailableError as error:
                yield Skipped(f"store {table.name}", str(error))

    def settle(self) -> None:
        """Do nothing: the pages of purged values are the database's own."""

    def _search_table(self, table: Table, secrets: Spelled) -> Iterator[Copy]:
        texts = [column for column in table.columns if _holds_text(column.type)]
        times = [column for column in table.columns if isinstance(column.type, UtcDateTime)]
        keys = list(table.primary_key.columns)
        query = select(*keys, *times[:1], *(cast(column, Text) for column in texts))
        with store.session_scope() as session:
            for row in session.execute(query.execution_options(yield_per=_ROWS)):
                yield from _find_in_row(table, row, texts, bool(times), secrets)


def _find_in_row(
    table: Table, row: Row[Any], texts: list[Column[Any]], has_time: bool, secrets: Spelled
) -> Iterator[Copy]:
    keys = dict(zip(table.primary_key.columns.keys(), row, strict=False))
    since = row[len(keys)] if has_time else None
    for column, text in zip(texts, row[len(keys) + has_time :], strict=True):
        found = [match.secret for match in secrets.find(_encode(text))] if text else []
        for secret in dict.fromkeys(found):
            names = ", ".join(f"{name} {value}" for name, value in keys.items())
            where = secrets.mask_all(f"store {table.name}, {names}, column {column.name}")
            yield Copy(
                secret,
                where,
                found.count(secret),
                f"{since:%FT%TZ}" if since else UNKNOWN,
                f"mask it in {where}",
                partial(_mask_column, table, keys, column, secrets, secret),
            )


def _mask_column(
    table: Table, keys: dict[str, Any], column: Column[Any], secrets: Spelled, secret: str
) -> None:
    if column.primary_key:
        raise ActionError(
            f"store {table.name}: the secret is in the key {column.name}, to which other rows may "
            "refer; delete the row by hand."
        )
    is_row = [table.columns[name] == value for name, value in keys.items()]
    with store.session_scope() as session:
        text = _lock_text(session, column, is_row)
        if text is None:
            return
        masked = secrets.mask(_encode(text), secret).decode("utf-8", "surrogatepass")
        value = json.loads(masked) if isinstance(column.type, JSON) else masked
        values = {column.name: value, **({_REDACTED: True} if _REDACTED in table.columns else {})}
        session.execute(update(table).where(*is_row).values(values))


def _lock_text(session: Session, column: Column[Any], is_row: list[Any]) -> str | None:
    """Return the text of a column, whose row no other process changes until the commit."""
    query = select(cast(column, Text)).where(*is_row).with_for_update()
    text: str | None = session.scalars(query).one_or_none()
    return text


def _holds_text(kind: TypeEngine[Any]) -> bool:
    return isinstance(kind, String | JSON)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
