"""Validation of addresses before anything connects to them."""

import pytest

from securenet_obs.addresses import ADDRESS_CHECKS, invalid_addresses
from securenet_obs.redaction import redact_text


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("API_URL", "http://127.0.0.1:8000"),
        ("API_URL", "https://api.example/below/"),
        ("SENTRY_URL", "https://[::1]:9000"),
        ("SENTRY_DSN", "https://key@o1.ingest.sentry.io/42"),
        ("SENTRY_DSN", "http://key:old@host:8000/path/1"),
        ("REDIS_URL", "redis://:p%40ss@host:6379/0"),
        ("REDIS_URL", "rediss://user:pw@host"),
        ("RESULT_URL", "unix:///run/redis.sock?db=1"),
        ("DATABASE_URL", "sqlite:///securenet.sqlite3"),
        ("DATABASE_URL", "postgresql+psycopg://u:p#w/5@host:5432/name?sslmode=require"),
        ("DATABASE_URL", "postgresql://[::1]:5432/name"),
        ("DATABASE_URL", "postgresql:///name?host=/run"),
    ],
)
def test_a_valid_address_is_accepted(name: str, url: str) -> None:
    """Every form that a client supports is valid."""
    assert invalid_addresses({name: url}) == {}


@pytest.mark.parametrize("name", ADDRESS_CHECKS)
def test_a_word_is_not_an_address(name: str) -> None:
    """Every variable with an address requires a scheme."""
    assert "hunter2" not in invalid_addresses({name: "hunter2"})[name]


@pytest.mark.parametrize(
    ("name", "url", "reason"),
    [
        ("API_URL", "hunter2.example:8000", "must start with http:// or https://"),
        ("API_URL", "ftp://hunter2", "must start with http:// or https://"),
        ("API_URL", "http:hunter2", "must start with"),
        ("API_URL", "http://:8000", "no host"),
        ("API_URL", "http://hunter2:80x0", "port is not a number"),
        ("API_URL", "http://hunter2:99999", "port is not a number"),
        ("API_URL", "http://hunter2 .example", "white space"),
        ("API_URL", "http://hunter2\n", ""),
        ("API_URL", "http://hunter2\nx", "white space"),
        ("SENTRY_URL", "http://[::1", "not a URL"),
        ("SENTRY_DSN", "https://hunter2.example/1", "no key"),
        ("SENTRY_DSN", "https://hunter2@host", "no project"),
        ("SENTRY_DSN", "https://hunter2@host/", "no project"),
        ("REDIS_URL", "http://:hunter2@host", "must start with redis://, rediss:// or unix://"),
        ("REDIS_URL", "redis://:hunter2@host:six/0", "port is not a number"),
        ("REDIS_URL", "redis://:hunter2@:6379/0", "no host"),
        ("RESULT_URL", "redis:///1", "no host"),
        ("DATABASE_URL", "/hunter2/securenet.sqlite3", "no scheme"),
        ("DATABASE_URL", "postgresql://u:hunter2@host:54e2/name", "port is not a number"),
    ],
)
def test_an_invalid_address_is_refused(name: str, url: str, reason: str) -> None:
    """The message has the problem and nothing of the address, and the redactor keeps it."""
    problem = invalid_addresses({name: url}).get(name, "")
    assert reason in problem
    assert bool(reason) is bool(problem)
    assert "hunter2" not in problem
    assert redact_text(problem) == problem


def test_bugsinks_project_is_a_number() -> None:
    """Bugsink's API identifies a project by number; Sentry's has slugs."""
    assert invalid_addresses({"SENTRY_PROJECT": "web", "SENTRY_BACKEND": "bugsink"})
    assert not invalid_addresses({"SENTRY_PROJECT": "7", "SENTRY_BACKEND": "bugsink"})
    assert not invalid_addresses({"SENTRY_PROJECT": "web"})
