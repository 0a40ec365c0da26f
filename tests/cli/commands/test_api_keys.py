"""Tenants' API keys: printed once, listed by their hashes, revoked."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stores import create_sqlite

Call = Callable[..., Any]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the env file of a target that consists of a store only."""
    file = tmp_path / "target.env"
    url = create_sqlite(tmp_path / "store.sqlite3")
    file.write_text(f"DATABASE_URL={url}\nENVIRONMENT=test\n")
    return file


def test_a_key_is_shown_once_and_stored_as_its_hash(
    call: Call, target: Path, tmp_path: Path
) -> None:
    """Neither the store nor the list contains the key that authenticates a tenant."""
    created = call("api-keys", "create", "acme", "--label", "collector", "--target", target)
    key = created.stdout.strip()
    assert key.startswith("snk_")
    (row,) = json.loads(call("api-keys", "list", "--target", target, "--json").stdout)
    assert (row["tenant"], row["label"], row["revoked"]) == ("acme", "collector", "")
    assert key.encode() not in (tmp_path / "store.sqlite3").read_bytes()


def test_a_key_that_cannot_be_printed_is_not_created(call: Call, target: Path) -> None:
    """Nobody would have it, and it cannot be shown again."""
    command = [sys.executable, "-m", "securenet_obs", "api-keys", "create", "acme"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run([*command, "--target", target], stdout=output, check=False)
    assert done.returncode != 0
    assert json.loads(call("api-keys", "list", "--target", target, "--json").stdout) == []


def test_a_store_without_keys_prints_a_sentence(call: Call, target: Path) -> None:
    """The list ends with the number of keys, even if it is zero."""
    assert call("api-keys", "list", "--target", target).stdout == "0 keys\n"
    assert json.loads(call("api-keys", "list", "--target", target, "--json").stdout) == []


@pytest.mark.slow
def test_a_revoked_key_stays_in_the_list(call: Call, target: Path) -> None:
    """The list keeps the time of a revocation for later investigation."""
    call("api-keys", "create", "acme", "--target", target)
    (row,) = json.loads(call("api-keys", "list", "--target", target, "--json").stdout)
    assert call("api-keys", "revoke", row["key"], "--target", target).returncode == 0
    (row,) = json.loads(call("api-keys", "list", "acme", "--target", target, "--json").stdout)
    assert row["revoked"]


def test_a_key_that_is_not_there_is_named(call: Call, target: Path) -> None:
    """The error is one sentence with the unknown id, and no key is revoked."""
    done = call("api-keys", "revoke", "deadbeef", "--target", target)
    assert done.returncode == 2
    assert "0 keys have the id 'deadbeef'" in done.stderr


def test_a_command_without_a_target_makes_no_store_of_its_own(call: Call, tmp_path: Path) -> None:
    """Without a target the command fails instead of storing a key that no API reads."""
    done = call("api-keys", "create", "acme")
    assert (done.returncode, "There is no target" in done.stderr) == (2, True)
    assert not list(tmp_path.glob("*.sqlite3"))


@pytest.mark.parametrize("command", [("api-keys", "list"), ("dead-letters", "list")])
@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("sqlite:////nowhere/store.sqlite3", 6, "the store cannot be opened: unable to open"),
        ("postgres://u:hunter2@host/name", 2, "SQLAlchemy does not accept postgres://"),
    ],
)
def test_a_store_that_cannot_be_opened_is_one_sentence(
    call: Call, tmp_path: Path, command: tuple[str, ...], url: str, code: int, words: str
) -> None:
    """The error has the variable and the reason, without a traceback or the verdict `failed`."""
    (tmp_path / "t.env").write_text(f"DATABASE_URL={url}\n")
    done = call(*command, "--target", "t.env")
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert done.stderr.startswith("DATABASE_URL: ")
    assert len(done.stderr.splitlines()) == 1
