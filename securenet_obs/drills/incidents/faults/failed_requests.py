"""Fault of one request for runbooks: it fails in its task, beside a request of another tenant."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from pydantic import SecretStr

from securenet_obs.errors import StackError
from securenet_obs.probes.markers import generate_canary, generate_secret
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.stack.local_stack import TENANTS, LocalStack

if TYPE_CHECKING:
    from securenet_obs.probes.celery.results import TaskEnd

REQUEST_ID = "incident-request-of-a-tenant"
"""Id of the request that fails; the request of the other tenant has the same and `-2`."""

_ASKING, _OTHER = TENANTS[1], TENANTS[2]
_URLS = ("REDIS_URL", "RESULT_URL")
_DEADLINE_S = 30.0


@contextmanager
def fail_in_task(stack: LocalStack) -> Iterator[None]:
    """Let a task of one tenant's request fail, and one of another tenant at the same time.

    Raises:
        StackError: the task has not failed within half a minute.
    """
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(_send, stack, _ASKING, REQUEST_ID)
        pool.submit(_send, stack, _OTHER, f"{REQUEST_ID}-2").result()
    _wait_for_event(stack, asked.result())
    yield


def _send(stack: LocalStack, tenant_id: str, request_id: str) -> str:
    """Raise an error in a task of a tenant; return the task's id."""
    environment = stack.environment
    answer = httpx.post(
        f"{environment['API_URL']}/v1/diagnostics/error",
        json={
            "canary": generate_canary(),
            "where": "task",
            "tenant_id": tenant_id,
            "secret": generate_secret(),
        },
        headers={"X-Diagnostics-Key": environment["DIAGNOSTICS_KEY"], "X-Request-ID": request_id},
        trust_env=False,
        timeout=_DEADLINE_S,
    )
    if answer.status_code != httpx.codes.ACCEPTED:
        raise StackError(f"The API has answered {answer.status_code} to a diagnostic.")
    return str(answer.json()["task_id"])


def _wait_for_event(stack: LocalStack, task_id: str) -> None:
    redis_url, result_url = (SecretStr(stack.environment[name]) for name in _URLS)
    # pandas is imported where it is needed: the commands that list incidents start without it.
    from securenet_obs.probes.celery.results import ResultProbe

    probe = ResultProbe(Settings(redis_url=redis_url, result_url=result_url))

    def read() -> "TaskEnd | None":
        return probe.read_end(task_id, _ASKING)

    end = poll_until(read, lambda end: end is not None and end.event_id, deadline_s=_DEADLINE_S)
    if end is None or not end.event_id:
        raise StackError(f"Task {task_id} has not failed with an event in {_DEADLINE_S:g} s.")
