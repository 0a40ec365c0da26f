"""Rows of SQLAlchemy and addresses of urllib, with secrets in them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urldefrag, urlparse, urlsplit

import orjson
import pytest
import sqlalchemy

from securenet_obs.monitoring.logs.json_line import json_line

ADDRESS = "redis://user:hunter2@host:6379/0?x=1#top"


@pytest.mark.parametrize("parse", [urlsplit, urlparse, urldefrag])
@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.encode()])
def test_a_parsed_address_is_written_whole(parse: Callable[[Any], Any], address: Any) -> None:
    """Its password is masked, alone and within other values, and the rest is kept."""
    line = orjson.loads(json_line({"address": parse(address), "in": [{"it": parse(address)}]}))
    assert "hunter2" not in str(line)
    assert line["address"] == line["in"][0]["it"]
    assert line["address"].startswith("redis://")
    assert "host:6379/0" in line["address"]


def test_an_address_of_foreign_parts_is_a_text() -> None:
    """Parts that are not texts cannot be joined."""
    parts: Any = (1, [2], None, "", "")
    line = orjson.loads(json_line({"address": type(urlsplit(""))(*parts), "n": 1}))
    assert line["address"].startswith("SplitResult(")
    assert line["n"] == 1


def test_a_row_has_the_names_of_its_columns() -> None:
    """A password is masked by the name of its column; the other columns are kept."""
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        query = sqlalchemy.text("SELECT 7 AS number, 'hunter2' AS password, NULL AS missing")
        row = connection.execute(query).one()
        rows = connection.execute(query).all()
    line = orjson.loads(json_line({"row": row, "rows": rows}))
    expected = {"number": 7, "password": "[redacted]", "missing": None}
    assert line == {"row": expected, "rows": [expected]}


def test_a_class_that_claims_to_be_a_row_is_a_text() -> None:
    """It has no mapping."""
    claims = type("Row", (), {"__module__": "sqlalchemy.engine.row"})()
    line = orjson.loads(json_line({"row": claims, "n": 1}))
    assert line["row"].startswith("<sqlalchemy.engine.row.Row")
    assert line["n"] == 1
