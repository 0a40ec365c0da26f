"""A leaked secret is valid until the target refuses it, or its reference has another value."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from pydantic import SecretStr

from securenet_obs.api.api_keys import create_keys_in, replace_key_in
from securenet_obs.oncall.copies.validity import is_valid
from securenet_obs.runner import Secret
from tests.conftest import RedisServer


def test_a_key_is_valid_until_it_is_revoked(empty_store: str) -> None:
    """The store knows it by its hash; the new key is another one."""
    (key,) = create_keys_in(empty_store, ["acme"], "label").values()
    reference = Secret("secret:API_KEYS")
    assert is_valid(reference, "API_KEYS of acme", SecretStr(key))
    new = replace_key_in(empty_store, "acme", key)
    assert is_valid(reference, "API_KEYS of acme", SecretStr(key)) is False
    assert is_valid(reference, "API_KEYS of acme", SecretStr(new))


def test_a_password_of_redis_is_tried(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with another password refuses it."""
    url = redis_server.environment["REDIS_URL"]
    password = urlsplit(url).password or ""
    monkeypatch.setenv("REDIS_URL", url)
    reference, value = Secret("secret:REDIS_URL"), SecretStr(password)
    assert is_valid(reference, "REDIS_URL", value)
    with redis.Redis.from_url(url, single_connection_client=True) as client:
        client.config_set("requirepass", "another-password")
        try:
            assert is_valid(reference, "REDIS_URL", value) is False
        finally:
            client.config_set("requirepass", password)


def test_any_other_secret_is_replaced_where_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the file has the same value, nothing can be told."""
    file = tmp_path / "token"
    file.write_text("first-value")
    monkeypatch.delenv("SOME_TOKEN", raising=False)
    monkeypatch.setenv("SOME_TOKEN_FILE", str(file))
    reference, value = Secret("secret:SOME_TOKEN"), SecretStr("first-value")
    assert is_valid(reference, "SOME_TOKEN", value) is None
    file.write_text("second-value")
    assert is_valid(reference, "SOME_TOKEN", value) is False
