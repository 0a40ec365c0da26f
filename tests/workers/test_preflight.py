"""Checks of the configuration before a start."""

import sys
from typing import Any

import pytest
import redis
from celery import Celery
from structlog.testing import capture_logs

from securenet_obs.errors import SettingsError
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import celery_app, create_celery
from securenet_obs.workers.preflight import check_application, check_detection, warn_of_eviction

SECRET = "hush-0123456789"


def application(**changes: Any) -> Celery:
    """Return the application with changes to its configuration."""
    app = create_celery(Settings())
    for name in celery_app.tasks:
        app.tasks[name] = celery_app.tasks[name]
    app.conf.update(changes)
    return app


def test_the_deployed_configuration_is_accepted() -> None:
    """The limits and beat entries of the application pass the checks."""
    celery_app.loader.import_default_modules()
    check_application(celery_app)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"task_time_limit": 3_600}, "visibility_timeout"),
        ({"worker_prefetch_multiplier": 6}, "visibility_timeout"),
        ({"task_soft_time_limit": 600}, "task_soft_time_limit"),
    ],
)
def test_contradictory_limits_are_refused(changes: dict[str, Any], named: str) -> None:
    """A task that may outlive its message, or cannot record its end, prevents the start."""
    with pytest.raises(SettingsError, match=named):
        check_application(application(**changes))


def test_a_worker_without_datasketches_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message contains the extra that installs it."""
    check_detection()
    monkeypatch.setitem(sys.modules, "datasketches", None)
    with pytest.raises(SettingsError, match=r"securenet-obs\[detection\]"):
        check_detection()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"task": "run_vulnerability_scan"}, "missing a required argument: 'tenant_id'"),
        ({"task": "run_vulnerability_scan", "args": ("acme", 2)}, "too many positional"),
        ({"task": "run_vulnerability_scan", "kwargs": {"tenant": "acme"}}, "missing a required"),
        ({"task": "no_such_task"}, "does not exist"),
    ],
)
def test_an_entry_with_wrong_arguments_is_refused(entry: dict[str, Any], reason: str) -> None:
    """A beat entry must match the signature of its task."""
    schedule = {"nightly": {**entry, "task": f"securenet_obs.workers.tasks.{entry['task']}"}}
    with pytest.raises(SettingsError, match=f"beat entry nightly: .*{reason}"):
        check_application(application(beat_schedule=schedule))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sentinel://:{}@a:26379/0", "Sentinel is not supported"),
        ("redis+sentinel://:{}@a:26379/0", "Sentinel is not supported"),
        ("redis+cluster://:{}@a:6379/0", "Redis Cluster is not supported"),
        ("redis://:{}@a:6379,b:6379/0", "several hosts"),
        ("redis://:{}@a:6379/0;redis://b:6379/0", "several hosts"),
        ("amqp://:{}@a/0", "amqp is not supported"),
        ("rediss://:{}@a:6379/0?ssl_cert_reqs=none", "must be `required`"),
        ("rediss://:{}@a:6379/0?ssl_cert_reqs=CERT_NONE", "must be `required`"),
    ],
)
@pytest.mark.parametrize("variable", ["REDIS_URL", "RESULT_URL"])
def test_an_unusable_redis_url_is_refused(variable: str, url: str, reason: str) -> None:
    """The message has the variable and the reason, and not the password."""
    urls = {"redis_url": "redis://a/0", "result_url": "redis://a/1"}
    urls[variable.lower()] = url.format(SECRET)
    with pytest.raises(SettingsError, match=f"{variable}: .*{reason}") as refused:
        create_celery(Settings(**urls))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("results", ["redis://a/0", "redis://a:6379", "redis://:x@a:6379/0"])
def test_broker_and_results_in_one_database_are_refused(results: str) -> None:
    """The same database is recognised in any spelling."""
    with pytest.raises(SettingsError, match="RESULT_URL: it is the same"):
        create_celery(Settings(redis_url="redis://a/0", result_url=results))


def test_an_evicting_broker_is_logged(redis_server: Any) -> None:
    """A broker with the policy noeviction is not."""
    url = redis_server.environment["REDIS_URL"]
    with redis.Redis.from_url(url) as client, capture_logs() as lines:
        warn_of_eviction(url)
        assert lines == []
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            warn_of_eviction(url)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert [line["maxmemory_policy"] for line in lines] == ["allkeys-lru"]
