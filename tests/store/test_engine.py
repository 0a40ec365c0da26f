"""Engines: unusable URLs, and errors without values."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from securenet_obs.errors import SettingsError
from securenet_obs.store import create_store_engine, session_scope

pytestmark = pytest.mark.usefixtures("empty_store")


def test_an_error_does_not_contain_the_parameters() -> None:
    """No exception, and so no log and no event, contains the values of a statement."""
    with pytest.raises(IntegrityError) as raised, session_scope() as session:
        session.execute(
            text("INSERT INTO findings (tenant_id) VALUES (:secret)"), {"secret": "hunter2"}
        )
    assert "hunter2" not in str(raised.value)
    assert "hide_parameters" in str(raised.value)


@pytest.mark.parametrize("url", ["no url", "hunter2:"])
def test_an_invalid_url_is_refused_without_repeating_it(url: str) -> None:
    """The error has the variable's name, and not its value."""
    with pytest.raises(SettingsError, match="DATABASE_URL") as raised:
        create_store_engine(url)
    assert url not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgres://u:hunter2@host/name", "its SQLAlchemy dialect is unknown"),
        ("postgresql+none://u:hunter2@host/name", "its SQLAlchemy dialect is unknown"),
        ("mysql+cymysql://u:hunter2@host/name", "its driver cymysql is not installed"),
    ],
)
def test_a_url_without_a_driver_is_refused(url: str, words: str) -> None:
    """The error has the missing dialect or driver, and not the password."""
    with pytest.raises(SettingsError, match=words) as raised:
        create_store_engine(url)
    assert "hunter2" not in str(raised.value)
