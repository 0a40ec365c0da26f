"""Startup checks: bad Redis URLs, limits, beat entries, missing libraries, Redis's eviction."""

import inspect
from importlib.util import find_spec
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import redis
import structlog
from celery import Celery

from securenet_obs.errors import SettingsError
from securenet_obs.settings import Settings

_SCHEMES = ("redis", "rediss")

_log = structlog.get_logger(__name__)


def check_urls(settings: Settings) -> None:
    """Refuse brokers and result stores that would lose tasks or skip the check of certificates.

    Raises:
        SettingsError: REDIS_URL or RESULT_URL cannot be used; the message gives the reason.
    """
    broker = _parse_url("REDIS_URL", settings.redis_url.get_secret_value())
    results = _parse_url("RESULT_URL", settings.results.get_secret_value())
    if _database(broker) == _database(results):
        raise SettingsError(
            "RESULT_URL: it is the same Redis database as REDIS_URL. Use another database number: "
            "one must be flushed without the other."
        )


def check_application(app: Celery) -> None:
    """Refuse limits and beat entries that cannot work.

    Raises:
        SettingsError: a limit or an entry cannot work; the message gives the reason.
    """
    _check_limits(app.conf)
    app.loader.import_default_modules()
    for name, entry in app.conf.beat_schedule.items():
        _check_entry(app, name, entry)


def check_detection() -> None:
    """Refuse a worker that could not count the distinct peers of network logs.

    Raises:
        SettingsError: datasketches is not installed.
    """
    if find_spec("datasketches") is None:
        raise SettingsError(
            "This worker executes process_network_logs, which needs datasketches: "
            "python -m pip install 'securenet-obs[detection]'"
        )


def warn_of_eviction(url: str) -> None:
    """Log a warning if a broker may evict tasks when its memory is full."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1) as client:
            policy = str(client.info("memory").get("maxmemory_policy"))
    except redis.RedisError as error:
        _log.warning("broker_policy_unknown", reason=type(error).__name__)
        return
    if policy != "noeviction":
        _log.warning(
            "broker_may_evict_tasks",
            maxmemory_policy=policy,
            remedy="set the broker's maxmemory-policy to noeviction",
        )


def _parse_url(variable: str, url: str) -> SplitResult:
    parts = urlsplit(url)
    reason = _url_problem(parts, url)
    if reason:
        raise SettingsError(f"{variable}: {reason}")
    return parts


def _url_problem(parts: SplitResult, url: str) -> str:
    """Return why a URL cannot be used, without its content; empty if it can."""
    if "sentinel" in parts.scheme:
        return (
            "Sentinel is not supported: queues and results are read from one address, "
            "and tasks that the old master had acknowledged may run again after a failover. Give "
            "the address of the master, or of a proxy that follows it, as redis:// or rediss://."
        )
    if "cluster" in parts.scheme:
        return (
            "Redis Cluster is not supported: Celery moves a task between keys in one transaction, "
            "and a cluster keeps them on different nodes. Give a single Redis, as redis:// or "
            "rediss://."
        )
    if ";" in url or "," in parts.netloc:
        return (
            "it contains several hosts, and Celery uses one at a time, each with its own queues: "
            "tasks would be left in the queues of another host. Give one host."
        )
    if parts.scheme not in _SCHEMES:
        return f"{parts.scheme or 'no scheme'} is not supported; start the URL with redis:// or rediss://."
    requirement = parse_qs(parts.query).get("ssl_cert_reqs", ["required"])[-1]
    if requirement != "required":
        return (
            "ssl_cert_reqs must be `required`: without certificate verification, tasks can be "
            "intercepted. Name the certificate authority by ssl_ca_certs instead."
        )
    return ""


def _database(parts: SplitResult) -> tuple[str | None, int, str]:
    return parts.hostname, parts.port or 6379, parts.path.strip("/") or "0"


def _check_limits(conf: Any) -> None:
    hard, visible = conf.task_time_limit, conf.broker_transport_options["visibility_timeout"]
    longest = hard * max(1, conf.worker_prefetch_multiplier)
    if longest >= visible:
        raise SettingsError(
            f"visibility_timeout: {visible} s is not longer than the {longest} s that a task may "
            f"take, with those prefetched before it (task_time_limit {hard} s): Redis would "
            "deliver it again while it runs."
        )
    if conf.task_soft_time_limit >= hard:
        raise SettingsError(
            f"task_soft_time_limit: {conf.task_soft_time_limit} s is not shorter than "
            f"task_time_limit, {hard} s: a task would be killed before it can record that it took "
            "too long."
        )


def _check_entry(app: Celery, name: str, entry: dict[str, Any]) -> None:
    task = app.tasks.get(entry["task"])
    if task is None:
        raise SettingsError(f"beat entry {name}: task {entry['task']} does not exist.")
    try:
        inspect.signature(task.run).bind(*entry.get("args", ()), **entry.get("kwargs", {}))
    except TypeError as error:
        raise SettingsError(
            f"beat entry {name}: {entry['task']} cannot be called with its arguments: {error}."
        ) from None
