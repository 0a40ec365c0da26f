"""A leaked secret is found in every place, rotated and purged; its value is never shown."""

from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.api.api_keys import create_keys_in, replace_key_in
from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.oncall.copies import Copy
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.symptoms import secret_was_logged as module
from securenet_obs.oncall.symptoms.secret_was_logged import SecretWasLogged
from securenet_obs.runner import Secret
from securenet_obs.settings import Settings

OPEN = Callable[..., SecretWasLogged]


@pytest.fixture
def key(sqlite_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the API key of a tenant, which is in a log and in the evidence."""
    keys = create_keys_in(f"sqlite:///{sqlite_store}", ["acme", "beta"], "test")
    monkeypatch.setenv("API_KEYS", ",".join(f"{name}={each}" for name, each in keys.items()))
    monkeypatch.setattr(module, "open_databases", lambda settings: [])
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api.log").write_text(
        f'{{"timestamp":"2026-11-27T07:46:09Z","key":"{keys["acme"]}"}}\n'
    )
    (tmp_path / "evidence" / "run").mkdir(parents=True)
    (tmp_path / "evidence" / "run" / "page.html").write_text(f"<p>{keys['acme']}</p>")
    return keys["acme"]


@pytest.fixture
def open_symptom(key: str, tmp_path: Path) -> OPEN:
    """Return a function that opens the symptom, with named actions or without."""

    def open_it(actions: str = "") -> SecretWasLogged:
        file = tmp_path / "actions.toml"
        file.write_text(actions)
        settings = Settings(log_source=str(tmp_path / "logs"), runbook_actions=str(file))
        return SecretWasLogged(
            settings,
            Secret("secret:API_KEYS"),
            deadline_s=0.1,
            evidence=tmp_path / "evidence",
        )

    return open_it


def applying(symptom: SecretWasLogged) -> list[Row]:
    """Return the rows that apply after a look."""
    symptom.look()
    return [row for row in symptom.decide() if row.applies]


def test_the_copies_are_found_without_showing_the_secret(open_symptom: OPEN, key: str) -> None:
    """Of two keys only the leaked one has a row."""
    symptom = open_symptom()
    frame = symptom.look()
    assert frame["place"].tolist() == [
        "log api.log, from line 1 on", "evidence run/page.html, from line 1 on",
    ]  # fmt: skip
    assert set(frame["secret"]) == {"API_KEYS of acme"}
    rows = symptom.decide()
    shown = f"{frame.to_string()} {symptom.skipped().to_string()} {rows} {symptom.verify_gone()}"
    assert key not in shown
    assert "2 copies in 2 places, since 2026-11-27T07:46:09Z; it is still valid" in shown
    assert [row.finding for row in rows if row.applies] == [
        "API_KEYS of acme was logged", "API_KEYS of acme must be rotated by a person",
    ]  # fmt: skip
    assert not symptom.verify_gone().passed
    assert not symptom.verify_rotated().passed


def test_without_a_named_action_a_person_rotates(
    open_symptom: OPEN, key: str, sqlite_store: Path
) -> None:
    """The copies are purged by the runbook, and it verifies both."""
    symptom = open_symptom()
    purge, rotate = (row.step for row in applying(symptom))
    assert isinstance(rotate, Manual)
    assert rotate.command == "rotate_secret variable=API_KEYS, owner=acme"
    assert isinstance(purge, Action)
    assert purge.run() == "2 copies were purged"
    assert symptom.verify_gone().passed
    assert not symptom.verify_rotated().passed
    replace_key_in(f"sqlite:///{sqlite_store}", "acme", key)
    assert symptom.verify_rotated().observed == "API_KEYS of acme is rotated"
    assert symptom.verify_rotated().passed
    assert applying(symptom) == []


def test_a_named_action_rotates_in_the_same_step(open_symptom: OPEN) -> None:
    """One confirmation permits both."""
    actions = '[rotate_secret]\ncommand = ["echo", "{owner}"]\nundo = "none"\n'
    symptom = open_symptom(actions + "[rotate_secret.parameters]\nowner = '[a-z]+'\n")
    (row,) = applying(symptom)
    assert isinstance(row.step, Action)
    assert row.step.read_state()["API_KEYS of acme"] == "still valid"
    assert row.step.run() == "acme; 2 copies were purged"


def test_tasks_that_wait_with_the_secret_are_named(
    open_symptom: OPEN, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mask would change their arguments."""
    symptom = open_symptom()
    copy = Copy("API_KEYS of acme", "REDIS_URL logs", 1, "unknown", "", lambda: None, True)
    monkeypatch.setattr(symptom, "_search", lambda: ([copy], []))
    symptom.look()
    assert symptom.waiting_tasks() == ["REDIS_URL logs"]
    assert "since an unknown time" in symptom.decide()[0].why
