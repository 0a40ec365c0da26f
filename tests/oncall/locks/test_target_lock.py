"""The lock of a target with a real Redis and a real store: each place sees the other's holder."""

from pathlib import Path

from securenet_obs.oncall.locks import create_lock
from securenet_obs.settings import Settings
from tests.stores import create_sqlite


def test_a_runbook_of_one_place_sees_the_user_of_the_other(
    redis_settings: Settings, tmp_path: Path
) -> None:
    """Ann repairs Redis, by the store; Ben and the worker must wait."""
    url = create_sqlite(tmp_path / "store.sqlite3")
    settings = redis_settings.model_copy(
        update={"database_url": Settings(database_url=url).database_url}
    )
    ann, ben = create_lock(settings, "store"), create_lock(settings, "redis")
    assert ann.take("Ann", "redis_is_full", is_named=True) == ""
    assert ben.take("Ben", "worker_is_gone", is_named=True).startswith("Ann acts since")
    assert "free" in ben.describe()
    ann.release()
    assert ben.take("Ben", "worker_is_gone", is_named=True) == ""
    assert ann.take("Ann", "redis_is_full", is_named=True).startswith("Ben acts since")
    assert "free" in ann.describe()
