from collections.abc import Iterator

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.settings import Settings, get_settings, invalid_variables, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_results_are_in_the_database_after_the_brokers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broker and results share a Redis database only if it is configured."""
    monkeypatch.setenv("REDIS_URL", "redis://:pw@host:6380/4")
    assert load_settings().results.get_secret_value() == "redis://:pw@host:6380/5"


def test_a_broker_url_without_a_database_counts_from_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """`redis://host` means database 0, so results use database 1."""
    monkeypatch.setenv("REDIS_URL", "redis://host")
    assert load_settings().results.get_secret_value() == "redis://host/1"


def test_a_broker_url_with_a_name_for_a_database_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error has the variable and the remedy."""
    monkeypatch.setenv("REDIS_URL", "redis://host/main")
    with pytest.raises(SettingsError, match=r"REDIS_URL.*RESULT_URL"):
        _ = load_settings().results


def test_all_problems_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error reports two invalid variables."""
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("SENTRY_TRACES_SAMPLE_RATE", "2")
    with pytest.raises(SettingsError, match=r"LOG_LEVEL: .*SENTRY_TRACES_SAMPLE_RATE: "):
        load_settings()


def test_an_error_does_not_repeat_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid value may be a secret in the wrong variable."""
    monkeypatch.setenv("LOG_FORMAT", "hunter2")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_a_blank_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """White space alone is not a value, so the default applies."""
    monkeypatch.setenv("REDIS_URL", "  ")
    monkeypatch.setenv("SCHEDULE_CANARY_S", "\t")
    settings = load_settings()
    assert settings.redis_url.get_secret_value() == "redis://127.0.0.1:6379/0"
    assert settings.schedule_canary_s == 300


def test_variables_are_validated_without_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment does not change the result for the given variables."""
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("RESULT_URL", "redis://host/2")
    assert invalid_variables({"ENVIRONMENT": "staging"}) == {}
    problems = invalid_variables({"REDIS_URL": "redis://:hunter2@host/main"})
    assert "the database behind the host is not a number" in problems["REDIS_URL"]
    assert "hunter2" not in str(problems)


def test_half_of_a_password_is_not_repeated() -> None:
    """After a / that was not encoded, a password looks like a database number."""
    problems = invalid_variables({"REDIS_URL": "redis://:12/hunter2@host:6379/0"})
    assert "%2F" in problems["REDIS_URL"]
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SENTRY_AUTH_TOKEN", "hunt\ner2", "a line break"),
        ("DIAGNOSTICS_KEY", "hunter2\x1b[m", "control character"),
        ("LOG_SOURCE", "C:\new\temp", "control character"),
        ("API_KEYS", "acme=hunt\ner2", "a line break"),
        ("SENTRY_AUTH_TOKEN", "\u201chunter2\u201d", "typographic quote"),
    ],
)
def test_control_characters_and_non_ascii_are_refused(name: str, value: str, words: str) -> None:
    """A broken paste is refused before it is sent, and is not repeated."""
    (reason,) = [invalid_variables({name: value})[name]]
    assert words in reason
    assert "hunt" not in reason


def test_surrounding_white_space_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret or a list that is stored with a final line break is unchanged by it."""
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", " hunter2\r\n")
    assert load_settings().sentry_auth_token.get_secret_value() == "hunter2"
    assert invalid_variables({"SENTRY_AUTH_TOKEN": "hunter2\n", "API_KEYS": "a=1,\n  b=2\n"}) == {}


def test_every_invalid_variable_has_a_reason() -> None:
    """One reason each for a number, a choice and a pair."""
    problems = invalid_variables(
        {
            "WORKER_STOP_S": "hunter2",
            "SCHEDULE_CANARY_S": "inf",
            "DIAGNOSTICS_ENABLED": "hunter2",
            "API_KEYS": "hunter2",
        }
    )
    assert problems.keys() == {
        "WORKER_STOP_S", "SCHEDULE_CANARY_S", "DIAGNOSTICS_ENABLED", "API_KEYS",
    }  # fmt: skip
    assert "valid number" in problems["WORKER_STOP_S"]
    assert "hunter2" not in str(problems)


def test_secrets_are_not_in_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repr that a traceback or a debugger prints has no secret."""
    for name in ("REDIS_URL", "RESULT_URL", "DATABASE_URL"):
        monkeypatch.setenv(name, "scheme://user:hunter2@host/0")
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", "hunter2")
    monkeypatch.setenv("DIAGNOSTICS_KEY", "hunter2")
    monkeypatch.setenv("API_KEYS", "acme=hunter2")
    assert "hunter2" not in repr(load_settings().tenant_keys)
    assert "hunter2" not in repr(load_settings())


def test_keys_are_parsed_by_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs are separated by commas, with or without spaces; the list may be empty."""
    assert load_settings().tenant_keys == {}
    monkeypatch.setenv("API_KEYS", "tenant-a=snk_a, tenant-b = snk_b,")
    keys = load_settings().tenant_keys
    assert {name: key.get_secret_value() for name, key in keys.items()} == {
        "tenant-a": "snk_a",
        "tenant-b": "snk_b",
    }


def test_rates_are_parsed_by_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may contain any character of a path; the rate follows the last equals sign."""
    monkeypatch.setenv("SENTRY_TRACES_RATES", "POST /v1/{a}=0.1,task:process_network_logs=1")
    assert load_settings().traces_rates == {"POST /v1/{a}": 0.1, "task:process_network_logs": 1.0}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("API_KEYS", "hunter2", r"entry 1 is not of the form tenant=key"),
        ("API_KEYS", "a=x,b=", r"entry 2 is not of the form tenant=key"),
        ("API_KEYS", "a=x,a=hunter2", r"entry 2 has the name of an earlier entry"),
        ("API_KEYS", "Hunter2=x", r"the name of entry 1 is not a valid tenant id"),
        (
            "SENTRY_TRACES_RATES",
            "task:a=0.5,task:b",
            r"entry 2 is not of the form operation=fraction",
        ),
        ("SENTRY_TRACES_RATES", "task:a=often", r"the fraction of entry 1 is not a number"),
        ("SENTRY_TRACES_RATES", "task:a=nan", r"the fraction of entry 1 is not between 0 and 1"),
    ],
)
def test_invalid_pairs_are_refused(
    name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has variable and position, and not the text, which may be a key."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name}: .*{reason}") as caught:
        load_settings()
    assert "unter2" not in str(caught.value)


def test_the_environment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process keeps the settings of its start."""
    monkeypatch.setenv("ENVIRONMENT", "first")
    first = get_settings()
    monkeypatch.setenv("ENVIRONMENT", "second")
    assert get_settings() is first


def test_every_setting_is_described() -> None:
    """The README's table consists of these descriptions."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
