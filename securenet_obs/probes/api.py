"""Talks to SecureNet's API as its users do: submits logs, follows tasks, provokes errors."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import httpx

from securenet_obs.errors import ForbiddenError, NotFoundError, ProbeError, UnreachableError
from securenet_obs.probes.json_api import exchange, json_of, open_client
from securenet_obs.settings import Settings

LONGEST_REQUEST_S = 5.0
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.5
EVENT_GRACE_S = 2.0
"""Seconds that a failed task's error event may come after its state."""

_FINISHED = ("SUCCESS", "FAILURE", "REVOKED")


@dataclass(frozen=True)
class Submission:
    """A batch of records that the API queued."""

    task_id: str
    records: int
    request_id: str


@dataclass(frozen=True)
class ApiTask:
    """What the API says of a task; `error` has its type and message, `event_id` its event."""

    task_id: str
    state: str
    result: Any = None
    error: dict[str, str] | None = None
    event_id: str | None = None


@dataclass(frozen=True)
class ProvokedError:
    """An error raised on purpose: in the API, which then names its event, or in a task."""

    request_id: str
    event_id: str | None = None
    task_id: str | None = None


class ApiClient:
    """The API of one target; every method answers or fails within 5 s unless a deadline is given.

    It speaks for each tenant with that tenant's key in API_KEYS, and remembers whose each task is
    that was queued through it. Every method raises UnreachableError when the API does not answer or
    cannot do its work, ForbiddenError when it refuses or there is no key, and NotFoundError when it
    has no such thing.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: API_URL is no http(s) address.
        """
        self.url = settings.api_url.rstrip("/")
        self._key = settings.diagnostics_key
        self._tenant_keys = settings.tenant_keys
        self._tenants: dict[str, str] = {}
        self._client = open_client(self.url, "API_URL", {})

    def __repr__(self) -> str:
        """Return whom it talks to."""
        return f"{type(self).__name__}({self.url!r})"

    def live(self) -> dict[str, Any]:
        """Return what the liveness check answers."""
        return self._ask("GET", "/health/live", expected=(200,))[1]

    def ready(self) -> dict[str, Any]:
        """Return what the readiness check answers, `status` and `parts`, ready or not."""
        return self._ask("GET", "/health/ready", expected=(200, 503))[1]

    def submit_logs(
        self,
        tenant_id: str,
        records: Sequence[Mapping[str, Any]],
        headers: Mapping[str, str] | None = None,
        *,
        as_tenant: str | None = None,
    ) -> Submission:
        """Queue a batch of a tenant's records; `as_tenant` has another tenant's key sent."""
        path = f"/v1/tenants/{quote(tenant_id, safe='')}/logs"
        sent = {**self._authorization(as_tenant or tenant_id), **(headers or {})}
        _, body = self._ask("POST", path, expected=(202,), json=list(records), headers=sent)
        self._tenants[body["task_id"]] = tenant_id
        return Submission(body["task_id"], body["records"], body["request_id"])

    def task(self, task_id: str, tenant_id: str | None = None) -> ApiTask:
        """Return what the API says of a task now.

        Args:
            task_id: which task.
            tenant_id: whose key is sent; by default that of the tenant for whom it was queued here.

        Raises:
            NotFoundError: the API knows no such task of this tenant's.
        """
        path = f"/v1/tasks/{quote(task_id, safe='')}"
        headers = self._authorization(tenant_id or self._tenants.get(task_id))
        _, body = self._ask("GET", path, expected=(200,), headers=headers)
        result, error, event_id = (body.get(name) for name in ("result", "error", "event_id"))
        return ApiTask(body["task_id"], body["state"], result, error, event_id)

    def wait(self, task_id: str, deadline_s: float, tenant_id: str | None = None) -> ApiTask:
        """Return a task once it is finished, a failed one with its event's id if it gets any.

        Raises:
            NotFoundError: it is not finished after `deadline_s` seconds, or not this tenant's.
        """
        ends = time.monotonic() + deadline_s
        patient_until = ends
        pause_s = FIRST_PAUSE_S
        while True:
            task = self.task(task_id, tenant_id)
            if task.state == "FAILURE" and task.event_id is None:
                patient_until = min(patient_until, time.monotonic() + EVENT_GRACE_S)
            elif task.state in _FINISHED:
                return task
            if time.monotonic() + pause_s >= patient_until:
                break
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
        if task.state not in _FINISHED:
            raise NotFoundError(f"task {task_id} is {task.state} after {deadline_s:g} s.")
        return task

    def raise_error(
        self,
        canary: str,
        *,
        where: Literal["api", "task", "chain"],
        tenant_id: str,
        secret: str,
        headers: Mapping[str, str] | None = None,
    ) -> ProvokedError:
        """Have the API, or a task of its own, raise a DiagnosticError that names the canary.

        Args:
            canary: the marker to look for.
            where: which of them raises; in a "chain" the API and a task of its task both do.
            tenant_id: whose request this is.
            secret: planted in a local variable of the frame that raises.
            headers: sent as well, an Authorization for instance.
        """
        body = {"canary": canary, "where": where, "tenant_id": tenant_id, "secret": secret}
        key = {"X-Diagnostics-Key": self._key.get_secret_value()}
        expected = 202 if where == "task" else 500
        response, answer = self._ask(
            "POST",
            "/v1/diagnostics/error",
            expected=(expected,),
            json=body,
            headers={**(headers or {}), **key},
        )
        if "task_id" in answer:
            self._tenants[answer["task_id"]] = tenant_id
        request_id = answer.get("request_id") or response.headers.get("x-request-id", "")
        return ProvokedError(request_id, answer.get("event_id"), answer.get("task_id"))

    def _authorization(self, tenant_id: str | None) -> dict[str, str]:
        """Return the header that speaks for a tenant."""
        if tenant_id is None:
            raise ForbiddenError("This task was not queued here: say whose it is with tenant_id.")
        if tenant_id not in self._tenant_keys:
            raise ForbiddenError(
                f"API_KEYS: there is no key of tenant {tenant_id!r}; make one for this target and "
                f"add {tenant_id}=<key>."
            )
        return {"Authorization": f"Bearer {self._tenant_keys[tenant_id].get_secret_value()}"}

    def _ask(
        self, method: str, path: str, expected: tuple[int, ...], **request: Any
    ) -> tuple[httpx.Response, dict[str, Any]]:
        ends = time.monotonic() + LONGEST_REQUEST_S
        response, content = exchange(self._client, method, path, ends=ends, **request)
        if response.status_code not in expected:
            raise refusal(self.url, response)
        body = json_of(response, content)
        if not isinstance(body, dict):
            raise UnreachableError(f"{self.url}{path} answered something else than an object.")
        return response, body


def refusal(url: str, response: httpx.Response) -> ProbeError:
    """Return the error that an answer of the API is, and which setting to look at."""
    path, status = response.request.url.path, response.status_code
    answered = f"{url}{path} answered {status} {response.reason_phrase}"
    is_diagnostic = path.startswith("/v1/diagnostics")
    if status in (401, 403):
        return ForbiddenError(
            f"{answered}: see {'DIAGNOSTICS_KEY' if is_diagnostic else 'API_KEYS'}."
        )
    if status == 404:
        return NotFoundError(f"{answered}{': see DIAGNOSTICS_ENABLED' if is_diagnostic else ''}.")
    return UnreachableError(f"{answered}.")
