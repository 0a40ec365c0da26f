"""Diagnoses of a target's parts: Redis, store, Sentry, API and log files answer, read-only."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from securenet_obs.doctor.diagnosis import Diagnosis
from securenet_obs.errors import (
    SchemaError,
    SecureNetObsError,
    UnreachableError,
)
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.probes.errors.backends import open_error_events
from securenet_obs.probes.http.api import ApiClient
from securenet_obs.probes.logs.files.sources import find_log_files
from securenet_obs.settings import Settings

_ANSWER_S = 5.0


@dataclass(frozen=True)
class Part:
    """A part of a target.

    Attributes:
        name: its name.
        variable: the variable that has its address.
        ask: asks it for an answer, and returns the observation; raises one of our errors.
        remedy: the command that finds or mends the cause; `{target}` stands for its options.
    """

    name: str
    variable: str
    ask: Callable[[Settings], str]
    remedy: str


def examine_parts(settings: Settings, variables: set[str], options: str) -> Iterator[Diagnosis]:
    """Diagnose whether each part of a target answers; nothing is written.

    Args:
        settings: those of the target.
        variables: the names of the variables that it sets; others describe no part.
        options: the options that name the target to a command, such as `--target staging.env`.
    """
    for part in PARTS:
        if part.variable not in variables:
            continue
        remedy = part.remedy.format(target=options)
        try:
            yield Diagnosis(part.name, "ok", part.ask(settings), part.variable)
        except SchemaError as error:
            remedy = f"securenet-obs store migrate {options}".strip()
            yield Diagnosis(part.name, "missing", str(error), part.variable, remedy)
        except SecureNetObsError as error:
            yield Diagnosis(part.name, "missing", str(error), part.variable, remedy.strip())


def _ask_redis(settings: Settings) -> str:
    for url, variable in ((settings.redis_url, "REDIS_URL"), (settings.results, "RESULT_URL")):
        with translate_redis_errors(url, variable), open_redis(url, variable) as client:
            client.ping()
    return "broker and results answer"


def _ask_store(settings: Settings) -> str:
    from securenet_obs.store import check_store

    scheme, _, path = settings.database_url.get_secret_value().partition(":///")
    if scheme.startswith("sqlite") and not Path(path).exists():
        # Opening the file would create it.
        raise SchemaError(f"{path} does not exist (DATABASE_URL).")
    check_store()
    return "it answers, with the schema of this version"


def _ask_dsn(settings: Settings) -> str:
    parts = urlsplit(settings.sentry_dsn)
    address = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), _ANSWER_S).close()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreachableError(f"{address} (SENTRY_DSN) accepts no connection: {reason}") from error
    return f"{address} accepts connections"


def _ask_sentry(settings: Settings) -> str:
    # The newest event, since Bugsink lists all of its events to look for one that does not exist,
    # and Sentry answers for such an event as for a project that does not exist.
    next(iter(open_error_events(settings).read_newest(1, _ANSWER_S)), None)
    return "it answers, and the token may read events"


def _ask_api(settings: Settings) -> str:
    ApiClient(settings).check_liveness()
    ready = ApiClient(settings).check_readiness()
    return f"it answers, and is {ready.get('status', 'of unknown state')}"


def _ask_logs(settings: Settings) -> str:
    found = find_log_files(settings.log_source)
    return f"{len(found)} files can be read"


_API = "securenet-obs restart api (a local stack), or correct API_URL"
_LOGS = "correct LOG_SOURCE: a file, a folder or a glob"

PARTS = (
    Part("Redis", "REDIS_URL", _ask_redis, "securenet-obs probe redis {target}"),
    Part("store", "DATABASE_URL", _ask_store, "securenet-obs probe store {target}"),
    Part("Sentry's DSN", "SENTRY_DSN", _ask_dsn, "securenet-obs run sentry_is_silent {target}"),
    Part("Sentry's API", "SENTRY_AUTH_TOKEN", _ask_sentry, "securenet-obs probe sentry {target}"),
    Part("API", "API_URL", _ask_api, _API),
    Part("logs", "LOG_SOURCE", _ask_logs, _LOGS),
)
"""The parts, in the order in which others depend on them."""
