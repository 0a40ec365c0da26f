"""Engines, on each of the databases."""

import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from securenet_obs.store import session_scope

pytestmark = pytest.mark.usefixtures("empty_store")


def test_an_error_does_not_contain_the_parameters() -> None:
    """No exception, and so no log and no event, contains the values of a statement."""
    with pytest.raises(IntegrityError) as raised, session_scope() as session:
        session.execute(
            text("INSERT INTO findings (tenant_id) VALUES (:secret)"), {"secret": "hunter2"}
        )
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))
    assert "hide_parameters" in str(raised.value)
