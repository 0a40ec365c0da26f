"""DATABASE_URL: a URL that cannot be used is refused in one sentence."""

import builtins
from typing import Any

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.store.urls import parse_url


@pytest.mark.parametrize("url", ["no url", "hunter2:"])
def test_an_invalid_url_is_refused_without_repeating_it(url: str) -> None:
    """The error has the variable's name, and not its value."""
    with pytest.raises(SettingsError, match="DATABASE_URL") as raised:
        parse_url(url)
    assert url not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgres://u:hunter2@host/name", "does not accept postgres://; start it with postgres"),
        ("postgresql+none://u:hunter2@host/name", "its driver is not supported"),
        ("postgresql+psycopg2://u:hunter2@host/name", "start it with postgresql://, which is"),
        ("postgresql+psycopg_async://u:hunter2@host/name", "its driver is not supported"),
        ("mysql+cymysql://u:hunter2@host/name", "its database is not supported"),
        ("hunter2://host/name", "its database is not supported"),
        ("sqlite+aiosqlite:///name", "start it with sqlite://, which is sqlite+pysqlite://"),
        ("sqlite://", "it has no file"),
        ("sqlite:///:memory:", "it has no file"),
        ("sqlite:///file:hunter2?mode=memory&uri=true", "it has no file"),
        ("postgresql://u:hunter2@host", "it has no database"),
    ],
)
def test_an_unsupported_url_is_refused(url: str, words: str) -> None:
    """The error is one sentence with the remedy, and without the password."""
    with pytest.raises(SettingsError) as raised:
        parse_url(url)
    assert words in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("url", ["postgresql://u:p@host/n", "postgresql+psycopg://u@/n?host=/run"])
def test_a_missing_driver_names_the_extra(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the package to install."""
    import_module = builtins.__import__

    def without_psycopg(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "psycopg":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return import_module(name, *arguments, **options)

    assert parse_url(url).get_driver_name() == "psycopg"
    monkeypatch.setattr(builtins, "__import__", without_psycopg)
    with pytest.raises(SettingsError, match=r"pip install 'securenet-obs\[postgres\]'"):
        parse_url(url)
