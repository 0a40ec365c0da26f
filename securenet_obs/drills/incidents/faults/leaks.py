"""Fault of secrets for runbooks: a worker that logs an API key, and stores it in a result."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from pydantic import SecretStr

from securenet_obs.errors import StackError
from securenet_obs.oncall.copies import Files, RedisKeys, Source, Spelled
from securenet_obs.oncall.copies.copy import Copy
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.stack.local_stack import TENANTS, LocalStack
from securenet_obs.stack.parts.services import build_worker_command

# It must not be imported here: Python would warn on its log that it is both imported and run.
_PROGRAM = "securenet_obs.drills.incidents.programs.leaking_worker"
_TASK = "securenet_obs.workers.tasks.echo_canary"
_LEAKED_S = 30.0


@contextmanager
def leak_key(stack: LocalStack) -> Iterator[None]:
    """Let a worker without redaction execute a canary whose text is a tenant's API key.

    After the block no copy is left, and a worker with redaction runs.

    Raises:
        StackError: the key is not in the worker's log and in a result within half a minute.
    """
    owner = TENANTS[-1]
    environment = stack.environment
    key = Settings(api_keys=SecretStr(environment["API_KEYS"])).tenant_keys[owner]
    leaked = Spelled({owner: key})
    log = stack.parts["worker"].log
    sources: list[Source] = [
        Files("log", lambda: [log], log.parent),
        RedisKeys(SecretStr(environment["RESULT_URL"]), "RESULT_URL"),
    ]
    command = [sys.executable, "-m", _PROGRAM, *build_worker_command()[2:]]
    stack.restart_part("worker", command=command)
    try:
        with Celery(broker=environment["REDIS_URL"], set_as_current=False) as app:
            app.send_task(_TASK, [key.get_secret_value()], queue="canary")
        places = poll_until(
            lambda: [len(_find(source, leaked)) for source in sources], all, deadline_s=_LEAKED_S
        )
        if not all(places):
            raise StackError(f"The worker leaked no key within {_LEAKED_S:g} s; see {log}.")
        yield
    finally:
        stack.restart_part("worker")
        for copy in (copy for source in sources for copy in _find(source, leaked)):
            copy.purge()


def _find(source: Source, leaked: Spelled) -> list[Copy]:
    return [each for each in source.search(leaked) if isinstance(each, Copy)]
