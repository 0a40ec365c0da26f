"""Copies in texts and JSON of the store are found by row, and masked there."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from securenet_obs.errors import ActionError
from securenet_obs.oncall.copies.copy import Copy
from securenet_obs.oncall.copies.spelled import Spelled
from securenet_obs.oncall.copies.store_rows import StoreRows
from securenet_obs.store import DeadLetter, Submission, ensure_tenant, session_scope

SECRET = 'snk "planted" 0815'
SPELLED = Spelled({"KEY": SecretStr(SECRET)})
AT = datetime(2026, 11, 27, 7, 46, 9, tzinfo=UTC)


def fill(task_id: str = "t1") -> None:
    """Store a dead letter and a batch with the secret."""
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.add(
            DeadLetter(
                task_id=task_id, task="a.task", tenant_id="acme", arguments={"args": [SECRET, 1]},
                redacted=False, reason="failed", error="E", message=f"no {SECRET} here",
                traceback="", first_at=AT, last_at=AT, times=1,
            )
        )  # fmt: skip
        session.add(
            Submission(
                task_id=task_id, tenant_id="acme", records=[{"a": SECRET}, {"b": "ü"}], ids={},
                accepted_at=AT, publications=1,
            )
        )  # fmt: skip


def find() -> list[Copy]:
    """Return the copies in the store."""
    return [each for each in StoreRows().search(SPELLED) if isinstance(each, Copy)]


def test_every_column_of_a_row_is_masked(empty_store: str) -> None:
    """All other values stay; a dead letter counts as redacted, so it is not sent again."""
    assert find() == []
    fill()
    copies = find()
    assert sorted(copy.where for copy in copies) == [
        "store dead_letters, id 1, column arguments",
        "store dead_letters, id 1, column message",
        "store submissions, task_id t1, column records",
    ]
    assert {copy.since for copy in copies} == {"2026-11-27T07:46:09Z"}
    for copy in (*copies, *copies):
        copy.purge()
    assert find() == []
    with session_scope() as session:
        letter, batch = session.get(DeadLetter, 1), session.get(Submission, "t1")
        assert letter is not None
        assert batch is not None
        assert letter.message == f"no {'*' * len(SECRET)} here"
        assert (letter.arguments["args"][1], letter.redacted) == (1, True)
        assert batch.records == [{"a": "*" * (len(SECRET) + 2)}, {"b": "ü"}]


def test_a_secret_in_a_key_is_left_to_a_person(empty_store: str) -> None:
    """Other rows may refer to it; its place does not show it."""
    fill(SECRET)
    (copy,) = [
        each
        for each in find()
        if each.where.endswith("column task_id") and "submissions" in each.where
    ]
    assert SECRET not in copy.where
    with pytest.raises(ActionError, match="delete the row by hand"):
        copy.purge()
