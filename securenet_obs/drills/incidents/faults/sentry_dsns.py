"""Fault of Sentry for runbooks: a worker with a DSN that the project does not know."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from securenet_obs.errors import StackError
from securenet_obs.probes.http.api import ApiClient
from securenet_obs.probes.logs.losses import read_losses
from securenet_obs.probes.markers import generate_canary, generate_secret
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.stack.local_stack import TENANTS, LocalStack

_LOST_S = 30.0


@contextmanager
def give_worker_wrong_dsn(stack: LocalStack) -> Iterator[None]:
    """Restart the worker with another key in SENTRY_DSN, and let a task fail: its event is lost.

    Raises:
        StackError: the loss is not in the worker's log within half a minute.
    """
    dsn = re.sub("//[^@]+@", f"//{'0' * 32}@", stack.environment["SENTRY_DSN"])
    broken = stack.restart_part("worker", {"SENTRY_DSN": dsn})
    try:
        _lose_event(stack)
        yield
    finally:
        if stack.parts["worker"] is broken:
            stack.restart_part("worker")


def _lose_event(stack: LocalStack) -> None:
    environment = stack.environment
    settings = Settings(
        api_url=environment["API_URL"],
        api_keys=environment["API_KEYS"],
        diagnostics_key=SecretStr(environment["DIAGNOSTICS_KEY"]),
    )
    ApiClient(settings).raise_error(
        generate_canary(), where="task", tenant_id=TENANTS[0], secret=generate_secret()
    )
    log = str(stack.parts["worker"].log)
    found = poll_until(
        lambda: read_losses(log, _LOST_S),
        lambda rows: any(row.lost for row in rows),
        deadline_s=_LOST_S,
    )
    if not any(row.lost for row in found):
        raise StackError(f"the worker lost no event within {_LOST_S:g} s; see {log}.")
