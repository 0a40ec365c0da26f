"""Fixtures of the store's tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from securenet_obs.settings import get_settings
from securenet_obs.store import close_engines


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Iterator[Any]:
    """Return a function that makes a URL this process's store."""

    def use(url: str) -> None:
        monkeypatch.setenv("DATABASE_URL", url)
        get_settings.cache_clear()
        close_engines()

    yield use
    close_engines()
