"""Targets: what a run's processes see, and what of it may be written down."""

from pathlib import Path

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.runner.target import is_configured, target_from_file, target_of


def test_an_env_file_lies_over_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names a target means that target; a relative log source is meant from here."""
    monkeypatch.setenv("ENVIRONMENT", "mine")
    monkeypatch.setenv("ONLY_MINE", "kept")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.env").write_text('ENVIRONMENT="staging"\nLOG_SOURCE=logs\n')
    target = target_from_file(tmp_path / "t.env")
    assert target.environment["ENVIRONMENT"] == "staging"
    assert target.environment["ONLY_MINE"] == "kept"
    assert target.environment["LOG_SOURCE"] == str(tmp_path / "logs")


@pytest.mark.parametrize("text", [None, "LOG_LEVEL=loud\n"])
def test_a_file_that_cannot_be_used_is_refused(text: str | None, tmp_path: Path) -> None:
    """No such file, and a value that is wrong, are SettingsErrors that name the file."""
    if text is not None:
        (tmp_path / "t.env").write_text(text)
    with pytest.raises(SettingsError, match=r"t\.env"):
        target_from_file(tmp_path / "t.env")


def test_the_facts_hold_settings_and_no_secrets() -> None:
    """Only settings that are public are written down, and passwords in them are masked."""
    facts = target_of(
        "t", {"API_URL": "http://u:hunter2pw@x", "REDIS_URL": "redis://:pw@x", "OTHER": "no"}
    ).facts()
    assert facts["name"] == "t"
    assert facts["API_URL"].startswith("http://")
    assert "hunter2pw" not in str(facts)
    assert not {"REDIS_URL", "OTHER", "PATH"} & set(facts)


def test_one_variable_makes_the_environment_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address of a part is a choice; a log level is not."""
    for name in ("SENTRY_DSN", "REDIS_URL", "API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    assert not is_configured()
    monkeypatch.setenv("REDIS_URL", "redis://x")
    assert is_configured()
