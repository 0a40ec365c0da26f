"""Parts of a target that do not answer; the whole local stack is examined with its stack."""

import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.doctor.reachability import PARTS, examine_parts
from securenet_obs.settings import get_settings, load_settings
from securenet_obs.stack import LocalStack
from tests.answering_server import AnsweringServer

ADDRESSES = {part.variable for part in PARTS}


def examine(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the state of each part of a target with these variables."""
    for name in ADDRESSES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    found = examine_parts(load_settings(), ADDRESSES & environment.keys(), "--target a.env")
    return {row.subject: f"{row.state} {row.remedy}".strip() for row in found}


def test_a_part_that_does_not_answer_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each has the command that leads on; a database is not created by the look."""
    store = tmp_path / "none.sqlite3"
    found = examine(
        {
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "SENTRY_DSN": "http://key@127.0.0.1:1/1",
            "API_URL": "http://127.0.0.1:1",
            "DATABASE_URL": f"sqlite:///{store}",
            "LOG_SOURCE": str(tmp_path / "nowhere"),
        },
        monkeypatch,
    )
    assert found == {
        "Redis": "missing securenet-obs probe redis --target a.env",
        "store": "missing securenet-obs store migrate --target a.env",
        "Sentry's DSN": "missing securenet-obs run sentry_is_silent --target a.env",
        "API": "missing securenet-obs restart api (a local stack), or correct API_URL",
        "logs": "missing correct LOG_SOURCE: a file, a folder or a glob",
    }
    assert not store.exists()


def test_only_parts_that_the_target_names_are_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    """A default describes no part."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        dsn = f"http://key@127.0.0.1:{server.getsockname()[1]}/1"
        assert examine({"SENTRY_DSN": dsn}, monkeypatch) == {"Sentry's DSN": "ok"}


def test_a_large_sentry_is_asked_for_one_event(
    monkeypatch: pytest.MonkeyPatch, http_server: AnsweringServer
) -> None:
    """A slow answer is one, and the number of issues does not matter."""
    issues = [{"id": f"i{number}", "digested_event_count": 9} for number in range(250)]
    event = {"id": "e1", "issue": "i0", "ingested_at": "2026-01-01", "data": {}}
    lists = {"issues/": issues, "events/": [event]}

    def answer(path: str) -> tuple[int, Any, dict[str, str]]:
        time.sleep(0.4)
        rows = lists.get(path.removeprefix("/api/canonical/0/").partition("?")[0])
        return 200, {"results": rows, "next": None} if rows else event, {}

    http_server.answer = answer
    address = {"SENTRY_URL": http_server.url, "SENTRY_PROJECT": "1", "SENTRY_BACKEND": "bugsink"}
    assert examine({**address, "SENTRY_AUTH_TOKEN": "t0ken"}, monkeypatch) == {"Sentry's API": "ok"}
    assert len(http_server.requests) == 3


@pytest.mark.parametrize("backend", ["bugsink", "sentry", "glitchtip"])
def test_a_project_that_does_not_exist_is_missing(
    monkeypatch: pytest.MonkeyPatch, http_server: AnsweringServer, backend: str
) -> None:
    """Its answer is that of an event that does not exist, which the look does not ask for."""
    http_server.answer = lambda _: (404, {"detail": "not found"}, {})
    address = {"SENTRY_URL": http_server.url, "SENTRY_PROJECT": "9", "SENTRY_BACKEND": backend}
    found = examine({**address, "SENTRY_ORG": "o", "SENTRY_AUTH_TOKEN": "t0ken"}, monkeypatch)
    assert found == {"Sentry's API": "missing securenet-obs probe sentry --target a.env"}


@pytest.mark.stack
def test_every_part_of_a_local_stack_answers(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis, store, Sentry, API and logs are there; a wrong token is found."""
    for name in os.environ.keys() & stack.environment.keys():
        monkeypatch.delenv(name)
    found = examine(dict(stack.environment), monkeypatch)
    assert found == dict.fromkeys((part.name for part in PARTS), "ok")
    wrong = {**stack.environment, "SENTRY_AUTH_TOKEN": "wrong"}
    assert examine(wrong, monkeypatch)["Sentry's API"].startswith("missing securenet-obs probe")
