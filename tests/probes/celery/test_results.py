"""The base of probes that read results."""

import json
from datetime import UTC, datetime

import pytest
import redis

from securenet_obs.errors import SettingsError, UnreachableError
from securenet_obs.probes.celery.results import ResultProbe, TaskEnd
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings


class Pinging(ResultProbe):
    """A probe that reads nothing but the answer to a ping."""

    def ping(self) -> bool:
        """Return whether the results' database answers."""
        with self._reading_results():
            return bool(self._results.ping())


def test_the_results_database_is_read(broker: Settings) -> None:
    """The database is that of RESULT_URL, which may be another than the broker's."""
    assert Pinging(broker).ping()


def test_the_state_of_a_task(broker: Settings) -> None:
    """A task without a result is pending."""
    assert ResultProbe(broker).task_state("no-such-task") == "PENDING"
    with redis.Redis.from_url(broker.results.get_secret_value()) as results:
        results.set("celery-task-meta-ended", '{"status": "SUCCESS"}', ex=60)
    assert ResultProbe(broker).task_state("ended") == "SUCCESS"


@pytest.mark.parametrize(
    ("state", "result", "error"),
    [("SUCCESS", {"counted": True}, ""), ("FAILURE", {"exc_type": "KeyError"}, "KeyError")],
)
def test_the_end_of_a_task_is_that_of_its_tenant(
    broker: Settings, state: str, result: object, error: str
) -> None:
    """Another tenant's task has no end, and neither has one without an owner."""
    stored = {"status": state, "result": result, "date_done": "2026-11-27T10:00:00.5"}
    with redis.Redis.from_url(broker.results.get_secret_value()) as results:
        results.set("celery-task-meta-own", json.dumps(stored), ex=60)
        results.set("celery-task-meta-unowned", json.dumps(stored), ex=60)
        results.set("securenet:owner:own", "acme", ex=60)
        results.set("securenet:event:own", "e-1", ex=60)
    probe = ResultProbe(broker)
    end = probe.read_end("own", "acme")
    assert end == TaskEnd("own", state, datetime(2026, 11, 27, 10, 0, 0, 500000, UTC), error, "e-1")
    assert probe.read_end("own", "other") is None
    assert probe.read_end("unowned", "acme") is None
    assert probe.read_end("absent", "acme") is None


def test_an_unreachable_database_is_named() -> None:
    """The error names the variable of the results, not that of the broker."""
    broker, results = find_free_ports(2)
    urls = {
        "redis_url": f"redis://127.0.0.1:{broker}/0",
        "result_url": f"redis://:hunter2@127.0.0.1:{results}/1",
    }
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{results}.*RESULT_URL") as raised:
        Pinging(Settings(**urls)).ping()
    assert "hunter2" not in str(raised.value)


def test_another_kind_of_url_is_refused() -> None:
    """A URL that is not Redis's is a settings error with the variable's name."""
    urls = {"redis_url": "redis://127.0.0.1:1/0", "result_url": "https://127.0.0.1/1"}
    with pytest.raises(SettingsError, match="RESULT_URL"):
        Pinging(Settings(**urls))
