"""Targets: the environment of a run's processes, and the facts that may be recorded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.runner.target import (
    ADDRESSES,
    DESCRIBING,
    OVERRIDING,
    SETTINGS,
    blank_variables,
    environment_target,
    is_configured,
    target_from_file,
    target_of,
)
from securenet_obs.settings import SECURENET_RELEASE
from tests.forked_python import ForkedPython


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all settings from the environment."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


def refused(path: Path, text: str) -> list[str]:
    """Return the lines of the error that refuses a file of this text."""
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        target_from_file(path)
    return str(caught.value).splitlines()[1:]


@pytest.mark.parametrize("spelled", [str.upper, str.lower, str.title])
def test_the_file_alone_counts(
    spelled: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings of this process are dropped, in upper or lower case; other variables are kept."""
    for name in SETTINGS:
        monkeypatch.setenv(spelled(name), "mine")
    monkeypatch.setenv("SENTRY_AUTH_TOKEN_FILE", "mine")
    monkeypatch.setenv("ONLY_MINE", "kept")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.env").write_text('ENVIRONMENT="staging"\nLOG_SOURCE=logs\n')
    environment = target_from_file(tmp_path / "t.env").environment
    assert "mine" not in environment.values()
    assert environment["ENVIRONMENT"] == "staging"
    assert environment["ONLY_MINE"] == "kept"
    assert environment["LOG_SOURCE"] == str(tmp_path / "logs")


@pytest.mark.parametrize("name", ["LOG_SOURCE", "SENTRY_AUTH_TOKEN_FILE"])
@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("~/a", "/home/me/a"),
        ("a/*.log", "/here/a/*.log"),
        ("~nobody-here/a", "/here/~nobody-here/a"),
    ],
)
def test_a_path_is_meant_as_a_shell_means_it(
    name: str, value: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path is relative to the home folder or to the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    expected = path.replace("/here", str(tmp_path))
    assert target_of("t", {name: value}).environment[name] == expected


def test_white_space_around_a_setting_does_not_reach_a_run() -> None:
    """The trailing line break of a stored secret is stripped; other variables are unchanged."""
    environment = target_of("t", {"SENTRY_AUTH_TOKEN": "tok\n", "PEM": "a\n"}).environment
    assert (environment["SENTRY_AUTH_TOKEN"], environment["PEM"]) == ("tok", "a\n")


@pytest.mark.slow
def test_celery_is_led_to_no_other_broker(
    python: ForkedPython, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that overrides the target's broker or results in Celery does not reach a run."""
    for name in OVERRIDING:
        monkeypatch.setenv(name, "redis://another")
    (tmp_path / "t.env").write_text("REDIS_URL=redis://here/1\n")
    variables = target_from_file(tmp_path / "t.env").environment
    code = (
        "from securenet_obs.workers.celery_app import celery_app as app\n"
        "urls = {app.connection_for_read().as_uri(), app.connection_for_write().as_uri()}\n"
        "print(*urls, app.conf.result_backend)"
    )
    done = python.run(["-c", code], env=variables)
    assert done.stdout.split() == ["redis://here:6379/1", "redis://here/2"]


@pytest.mark.parametrize("text", ["", "\n", "# SENTRY_DSN=https://key@host/1\n"])
def test_a_file_without_variables_is_refused_as_target(text: str, tmp_path: Path) -> None:
    """An env file without variables is refused instead of using the defaults."""
    (line,) = refused(tmp_path / "t.env", text)
    assert "it sets no variable" in line


@pytest.mark.parametrize(
    "line", ["API_URL=http://${X}:1", "API_URL=${X}", "API_URL=http://`id`", 'LOG_LEVEL="$(id)"']
)
def test_one_cause_has_one_line(line: str, tmp_path: Path) -> None:
    """An unreadable value is not reported as empty or unusable as well."""
    (problems,) = refused(tmp_path / "t.env", f"{line}\n")
    assert "refers to ${X}" in problems or "which is not executed" in problems


def test_every_problem_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    """Each problem has its line and its name, in order, without the value."""
    lines = refused(
        tmp_path / "t.env",
        "SENTRY_DNS=https://hunter2@host/1\n\nhunter2\nLOG_LEVEL=hunter2\nREDIS_URL=\n"
        "API_URL=http://hunter2:x\nWORKER_STOP_S=hunter2\nDATABASE_URL=hunter2\nLOG_LEVEL=INFO\n",
    )
    problems = [
        (1, "SENTRY_DNS is not a variable of a target; did you mean SENTRY_DSN?"),
        (3, "not of the form NAME=value"),
        (4, "LOG_LEVEL cannot be used"),
        (5, "REDIS_URL is empty"),
        (6, "API_URL cannot be used: its port"),
        (7, "WORKER_STOP_S cannot be used"),
        (8, "DATABASE_URL cannot be used: it has no scheme"),
        (9, "LOG_LEVEL repeats line 4"),
    ]
    assert len(lines) == len(problems)
    for line, (number, words) in zip(lines, problems, strict=True):
        assert line.startswith(f"  {tmp_path / 't.env'}:{number}: ")
        assert words in line
    assert "hunter2" not in str(lines)


def test_a_fault_is_named_once(tmp_path: Path) -> None:
    """A NUL is reported once, although it is a control character and invalid in a variable."""
    assert len(refused(tmp_path / "t.env", "SENTRY_AUTH_TOKEN=a\0b\n")) == 1


@pytest.mark.parametrize("blank", ["", "''", '"  "', "   # why"])
@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_without_a_value_is_refused(name: str, blank: str, tmp_path: Path) -> None:
    """An empty address, left by an expired secret, is refused and does not mean the default."""
    (line,) = refused(tmp_path / "t.env", f"{name}={blank}\n")
    assert f"t.env:1: {name} is empty" in line


@pytest.mark.parametrize("name", ["REDIS_URL", "sentry_dsn", "HTTPS_PROXY", "TOKEN"])
def test_names_are_those_of_a_target(name: str, tmp_path: Path) -> None:
    """A target has upper-case settings, proxy variables, and the secrets of its notebooks."""
    (tmp_path / "t.env").write_text(f"{name}=redis://host\n")
    if name == "sentry_dsn":
        with pytest.raises(SettingsError, match="did you mean SENTRY_DSN"):
            target_from_file(tmp_path / "t.env", ["TOKEN"])
    else:
        environment = target_from_file(tmp_path / "t.env", ["TOKEN"]).environment
        assert environment[name] == "redis://host"


def test_a_secret_may_be_given_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NAME_FILE of a secret is accepted, and a relative path starts at the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.env").write_text("TOKEN_FILE=token\nSENTRY_AUTH_TOKEN_FILE=/t\n")
    environment = target_from_file(tmp_path / "t.env", ["TOKEN"]).environment
    assert environment["TOKEN_FILE"] == str(tmp_path / "token")
    assert environment["SENTRY_AUTH_TOKEN_FILE"] == "/t"
    assert "API_URL_FILE is not a variable" in refused(tmp_path / "t.env", "API_URL_FILE=/t\n")[0]


def test_a_notebooks_secret_of_the_shell_is_not_the_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell's token does not reach a target from a file, which may be another deployment."""
    monkeypatch.setenv("TOKEN", "mine")
    monkeypatch.setenv("TOKEN_FILE", "/mine")
    (tmp_path / "t.env").write_text("API_URL=http://host\n")
    environment = target_from_file(tmp_path / "t.env", ["TOKEN"]).environment
    assert not {"TOKEN", "TOKEN_FILE"} & environment.keys()
    assert target_of("environment", {}).environment["TOKEN"] == "mine"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A path with a typing error never falls back to the environment."""
    with pytest.raises(SettingsError, match=r"t\.env: the env file does not exist"):
        target_from_file(tmp_path / "t.env")


def test_the_facts_hold_settings_and_no_secrets() -> None:
    """Only public settings are recorded, and passwords in them are masked."""
    facts = target_of(
        "t", {"API_URL": "http://u:hunter2pw@x", "REDIS_URL": "redis://:pw@x", "OTHER": "no"}
    ).facts()
    assert facts["name"] == "t"
    assert facts["API_URL"].startswith("http://")
    assert "hunter2pw" not in str(facts)
    assert not {"REDIS_URL", "OTHER", "PATH"} & set(facts)


@pytest.mark.parametrize("name", [*ADDRESSES, "redis_url"])
def test_one_address_makes_the_environment_a_target(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address is enough, in any spelling that the settings accept."""
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", "t0ken")
    assert not is_configured()
    monkeypatch.setenv(name, "redis://x")
    assert is_configured()
    assert environment_target().environment[name.upper()] == "redis://x"


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
@pytest.mark.parametrize("name", DESCRIBING)
def test_a_blank_variable_describes_no_target(
    name: str, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blank variable is reported, and does not reach a run's process."""
    monkeypatch.setenv(name, blank)
    assert not is_configured()
    assert blank_variables() == [name]
    assert name not in environment_target().environment


def test_beside_an_address_only_blank_addresses_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other blank variables do not count once a target is described, only blank addresses."""
    monkeypatch.setenv("SENTRY_DSN", "https://key@host/1")
    monkeypatch.setenv("RESULT_URL", "")
    assert blank_variables() == []
    monkeypatch.setenv("REDIS_URL", "")
    assert blank_variables() == ["REDIS_URL"]


def test_a_shell_has_the_callers_identity_and_the_targets_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a stack, a file and the environment alike; a shell within a shell keeps the release."""
    monkeypatch.setenv("SERVICE_NAME", "billing")
    monkeypatch.setenv("SENTRY_RELEASE", "billing@1")
    identity = {"SERVICE_NAME": "billing", "SENTRY_RELEASE": "billing@1"}
    for given, release in (
        ({}, SECURENET_RELEASE),
        ({"SERVICE_NAME": "securenet-api", "SENTRY_RELEASE": "s@9"}, "s@9"),
        ({**identity, "SECURENET_RELEASE": "s@9"}, "s@9"),
    ):
        shell = target_of("t", {"API_URL": "http://x", **given}).shell_environment()
        assert shell.items() >= {**identity, "SECURENET_RELEASE": release}.items()
