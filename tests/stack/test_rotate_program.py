"""The program that rotates a key asks the stack's owner, and does nothing the second time."""

import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from securenet_obs.api.api_keys import tenant_of_key
from securenet_obs.errors import StackError
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack, serve_request
from securenet_obs.stack.rotate_program import main
from securenet_obs.store import session_at
from tests.stack.test_dead_parts import root_of


def find_tenant(stack: LocalStack, key: str) -> str | None:
    """Return the tenant of a key in the store of the stack."""
    with session_at(stack.environment["DATABASE_URL"]) as session:
        return tenant_of_key(session, key)


def read_key(stack: LocalStack) -> str:
    """Return the key of a tenant in API_KEYS."""
    keys = Settings(api_keys=SecretStr(stack.environment["API_KEYS"])).tenant_keys
    return keys["tenant-b"].get_secret_value()


def test_a_key_is_rotated_once(stack: LocalStack, capsys: pytest.CaptureFixture[str]) -> None:
    """The program is started again with the key that was leaked, which is refused."""
    leaked, environment = read_key(stack), stack.environment
    over = threading.Event()

    def own() -> None:
        while not over.wait(0.05):
            serve_request(stack)

    owner = threading.Thread(target=own)
    owner.start()
    arguments = [str(root_of(stack)), stack.name, "API_KEYS", "tenant-b"]
    try:
        assert main(arguments, environment) == 0
        new = read_key(stack)
        assert main(arguments, environment) == 0
    finally:
        over.set()
        owner.join()
    assert read_key(stack) == new != leaked
    assert [find_tenant(stack, key) for key in (leaked, new)] == [None, "tenant-b"]
    assert capsys.readouterr().out.splitlines() == [
        "tenant-b has another key, and the one before is revoked",
        "the key of tenant-b was rotated before",
    ]


def test_a_tenant_without_a_key_is_an_error(stack: LocalStack) -> None:
    """Nothing is created for it."""
    with pytest.raises(StackError, match="'absent' has no key in API_KEYS"):
        stack.rotate_key("absent")


def test_a_stack_that_does_not_run_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status shows that nothing was rotated."""
    assert main([str(tmp_path), "local", "API_KEYS", "tenant-b"], {}) == 1
    assert "The stack 'local' is not running" in capsys.readouterr().err
