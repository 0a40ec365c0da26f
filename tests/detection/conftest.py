"""A store of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securenet_obs.store import forget_connections


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Iterator[None]:
    """Let the process use an empty store."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/store.sqlite3")
    forget_connections()
    yield
    forget_connections()
