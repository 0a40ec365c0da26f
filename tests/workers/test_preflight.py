"""What is refused before anything starts."""

import ssl
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
    """Return the application with some of its configuration changed."""
    app = create_celery(Settings())
    for name in celery_app.tasks:
        app.tasks[name] = celery_app.tasks[name]
    app.conf.update(changes)
    return app


def test_what_we_deploy_is_accepted() -> None:
    """Limits and beat entries as they are."""
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
def test_limits_that_contradict_each_other_are_refused(changes: dict[str, Any], named: str) -> None:
    """A task that may outlive its message, or that cannot record its end, stops the start."""
    with pytest.raises(SettingsError, match=named):
        check_application(application(**changes))


def test_a_worker_without_pandas_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the extra that installs it."""
    check_detection()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SettingsError, match=r"securenet-obs\[detection\]"):
        check_detection()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"task": "run_vulnerability_scan"}, "missing a required argument: 'tenant_id'"),
        ({"task": "run_vulnerability_scan", "args": ("acme", 2)}, "too many positional"),
        ({"task": "run_vulnerability_scan", "kwargs": {"tenant": "acme"}}, "missing a required"),
        ({"task": "no_such_task"}, "there is no task"),
    ],
)
def test_an_entry_that_does_not_fit_its_task_is_refused(entry: dict[str, Any], reason: str) -> None:
    """Beat would send it, and nothing would ever run."""
    schedule = {"nightly": {**entry, "task": f"securenet_obs.workers.tasks.{entry['task']}"}}
    with pytest.raises(SettingsError, match=f"beat entry nightly: .*{reason}"):
        check_application(application(beat_schedule=schedule))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sentinel://:{}@a:26379/0", "Sentinel cannot be used"),
        ("redis+sentinel://:{}@a:26379/0", "Sentinel cannot be used"),
        ("redis+cluster://:{}@a:6379/0", "Redis Cluster cannot be used"),
        ("redis://:{}@a:6379,b:6379/0", "several hosts"),
        ("redis://:{}@a:6379/0;redis://b:6379/0", "several hosts"),
        ("amqp://:{}@a/0", "amqp is not supported"),
        ("rediss://:{}@a:6379/0?ssl_cert_reqs=none", "may only be `required`"),
        ("rediss://:{}@a:6379/0?ssl_cert_reqs=CERT_NONE", "may only be `required`"),
    ],
)
@pytest.mark.parametrize("variable", ["REDIS_URL", "RESULT_URL"])
def test_an_address_that_cannot_work_is_refused(variable: str, url: str, reason: str) -> None:
    """The variable and the reason are named, the password in it is not."""
    urls = {"redis_url": "redis://a/0", "result_url": "redis://a/1"}
    urls[variable.lower()] = url.format(SECRET)
    with pytest.raises(SettingsError, match=f"{variable}: .*{reason}") as refused:
        create_celery(Settings(**urls))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("results", ["redis://a/0", "redis://a:6379", "redis://:x@a:6379/0"])
def test_broker_and_results_in_one_database_are_refused(results: str) -> None:
    """However it is written."""
    with pytest.raises(SettingsError, match="RESULT_URL: it is the same"):
        create_celery(Settings(redis_url="redis://a/0", result_url=results))


def test_certificates_are_checked() -> None:
    """With rediss:// alone, for the broker's connections and for those of the results."""
    app = create_celery(Settings(redis_url="rediss://a:6379/0"))
    assert app.connection_for_write().ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    assert app.backend.connparams["ssl_cert_reqs"] == ssl.CERT_REQUIRED


def test_the_authority_may_be_named() -> None:
    """In the URL; certificates are checked all the same, those of the results too."""
    app = create_celery(Settings(redis_url="rediss://a:6379/0?ssl_ca_certs=/etc/ca.pem"))
    kept = {name: app.backend.connparams[name] for name in ("ssl_ca_certs", "ssl_cert_reqs")}
    for options in (app.connection_for_write().ssl, kept):
        connection = redis.SSLConnection(**options)
        assert (connection.ca_certs, connection.cert_reqs) == ("/etc/ca.pem", ssl.CERT_REQUIRED)


def test_a_broker_that_may_evict_is_warned_of(redis_server: Any) -> None:
    """One that keeps everything is not."""
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
