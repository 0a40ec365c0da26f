"""Errors of PostgreSQL contain no values of rows."""

import pickle
import traceback
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from securenet_obs.errors import SecureNetObsError
from securenet_obs.store import session_scope

pytestmark = [
    pytest.mark.stack,
    pytest.mark.usefixtures("empty_store"),
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

SECRET = "hunter2-hunter2"


def shown(error: BaseException) -> str:
    """Return all text that a log, an event or a stored result could contain of an error."""
    parts: list[Any] = ["".join(traceback.format_exception(error))]
    seen: BaseException | None = error
    while seen is not None:
        orig = getattr(seen, "orig", None)
        parts += [repr(seen), seen.args, getattr(seen, "__notes__", ()), repr(seen.__context__)]
        parts += [repr(orig), vars(orig) if orig else "", getattr(orig, "diag", None)]
        if orig is not None:
            parts += [pickle.dumps(orig), repr(orig.__context__), repr(orig.__cause__)]
            parts += [getattr(orig.diag, name) for name in dir(orig.diag) if name[0] != "_"]
        seen = seen.__cause__ or seen.__context__
    return repr(parts)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO findings (tenant_id) VALUES (:value)",
        "INSERT INTO tenants VALUES (:value), (:value)",
        "INSERT INTO waivers VALUES (:value, 'a', 'b', 'c', 'd')",
        "INSERT INTO tenants VALUES (repeat(:value, 10))",
        "SELECT CAST(:value AS integer)",
        "SELECT CAST(:value AS timestamp)",
        "SELECT CAST(:value AS json)",
        "SELECT CAST(:value AS inet)",
        "SELECT CAST(:value AS uuid)",
        "SELECT CAST(:value AS boolean)",
        "SELECT to_date(:value, 'YYYY')",
        "SELECT set_config('work_mem', :value, true)",
        "SELECT set_config('search_path', :value || ',', true)",
        "SELECT regexp_replace('a', '(' || :value, '')",
        "SELECT pg_input_is_valid(:value)",
        "SELECT nextval(:value)",
        "SELECT CAST(:value AS regclass)",
        "SELECT pg_read_file('/nowhere/' || :value)",
        "SELECT convert_from(decode('ff', 'hex') || CAST(:value AS bytea), 'UTF8')",
    ],
)
def test_an_error_of_the_server_has_no_value(statement: str) -> None:
    """Neither message nor DETAIL, HINT, CONTEXT, cause or context; nor its pickled form."""
    with (
        pytest.raises((SQLAlchemyError, SecureNetObsError)) as raised,
        session_scope() as session,
    ):
        session.execute(text(statement), {"value": SECRET})
    assert SECRET not in shown(raised.value)


@pytest.mark.parametrize("how", ["EXCEPTION", "EXCEPTION USING detail", "EXCEPTION USING hint"])
def test_a_trigger_s_text_is_not_shown(how: str) -> None:
    """A function of the database may quote rows in any field, and in its context."""
    raise_ = {
        "EXCEPTION": "RAISE EXCEPTION '%', NEW.tenant_id",
        "EXCEPTION USING detail": "RAISE EXCEPTION 'refused' USING DETAIL = NEW.tenant_id",
        "EXCEPTION USING hint": "RAISE EXCEPTION 'refused' USING HINT = NEW.tenant_id",
    }[how]
    with session_scope() as session:
        body = f"BEGIN {raise_}; END"
        session.execute(text(f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"))
        session.execute(
            text("CREATE TRIGGER t BEFORE INSERT ON tenants FOR EACH ROW EXECUTE FUNCTION f()")
        )
    with pytest.raises(SQLAlchemyError) as raised, session_scope() as session:
        session.execute(text("INSERT INTO tenants VALUES (:value)"), {"value": SECRET})
    assert SECRET not in shown(raised.value)


def test_an_error_names_its_place() -> None:
    """Table, constraint and SQLSTATE stay, for whoever has to mend it."""
    with pytest.raises(SQLAlchemyError) as raised, session_scope() as session:
        session.execute(text("INSERT INTO tenants VALUES ('a'), ('a')"))
    assert "SQLSTATE 23505, table tenants, constraint tenants_pkey" in str(raised.value)
    with pytest.raises(SQLAlchemyError) as raised, session_scope() as session:
        session.execute(text("SELECT 1 FROM nowhere"))
    assert "errors.UndefinedTable) SQLSTATE 42P01" in str(raised.value)
    assert "SELECT 1 FROM nowhere" in str(raised.value)


@pytest.mark.parametrize("value", [f"{SECRET}\x00", f"{SECRET}\ud800"])
def test_a_text_that_cannot_be_sent_is_not_shown(value: str) -> None:
    """Neither NUL nor half a surrogate pair is a text of PostgreSQL."""
    with pytest.raises(SQLAlchemyError) as raised, session_scope() as session:
        session.execute(text("SELECT :value"), {"value": value})
    assert SECRET not in shown(raised.value)


def test_a_value_that_cannot_be_read_is_not_shown() -> None:
    """The driver quotes a timestamp that Python cannot represent."""
    with pytest.raises(SQLAlchemyError) as raised, session_scope() as session:
        session.execute(text("SELECT timestamp '0044-03-15 BC'")).all()
    assert "0044" not in str(raised.value).split("[SQL")[0]
    assert "0044" not in repr(raised.value.__cause__)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=4))
def test_no_text_is_quoted(value: str) -> None:
    """Whatever the value is: it is a key that exists already."""
    with pytest.raises(SQLAlchemyError) as raised, session_scope() as session:
        session.execute(
            text("INSERT INTO tenants SELECT left(:value, 63) FROM generate_series(1, 2)"),
            {"value": f"~{value}~"},
        )
    assert f"~{value}~"[:63] not in shown(raised.value)
