"""Client of SecureNet's API: health, batches, inventories, tasks, provoked errors."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import httpx

from securenet_obs.errors import ForbiddenError, NotFoundError, ProbeError, UnreachableError
from securenet_obs.probes.http.json_api import open_client, parse_json, send_request
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings

MAX_REQUEST_S = 5.0
_INITIAL_PAUSE_S = 0.02
_MAX_PAUSE_S = 0.5
_EVENT_GRACE_S = 2.0
"""Seconds by which a failed task's error event may lag behind its state."""

_FINISHED = ("SUCCESS", "FAILURE", "REVOKED")


@dataclass(frozen=True)
class Submission:
    """A batch of records that the API queued."""

    task_id: str
    records: int
    request_id: str


@dataclass(frozen=True)
class ApiTask:
    """State of a task in the API; `error` holds type and message, `event_id` the Sentry event."""

    task_id: str
    state: str
    result: Any = None
    error: dict[str, str] | None = None
    event_id: str | None = None


@dataclass(frozen=True)
class ProvokedError:
    """An error raised on purpose: in the API, which then returns the event id, or in a task."""

    request_id: str
    event_id: str | None = None
    task_id: str | None = None


class ApiClient:
    """Client of one target's API; every method returns or fails within 5 s unless given a deadline.

    It authenticates with each tenant's key from API_KEYS, and remembers the tenant of every task
    that it queued. Every method raises UnreachableError when the API does not answer or cannot do
    its work, ForbiddenError when it refuses or a key is missing, and NotFoundError when the
    resource does not exist.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: API_URL is not an http(s) address.
        """
        self.url = settings.api_url.rstrip("/")
        self._settings = settings
        self._key = settings.diagnostics_key
        self._tenant_keys = settings.tenant_keys
        self._tenants: dict[str, str] = {}
        self._client = open_client(self.url, "API_URL", {})

    def __repr__(self) -> str:
        """Return the class and the address of the API."""
        return f"{type(self).__name__}({self.url!r})"

    def check_liveness(self) -> dict[str, Any]:
        """Return the answer of the liveness check."""
        return self._request("GET", "/health/live", expected=(200,))[1]

    def check_readiness(self) -> dict[str, Any]:
        """Return the answer of the readiness check, `status` and `parts`, ready or not."""
        return self._request("GET", "/health/ready", expected=(200, 503))[1]

    def submit_logs(
        self,
        tenant_id: str,
        records: Sequence[Mapping[str, Any]],
        headers: Mapping[str, str] | None = None,
        *,
        as_tenant: str | None = None,
    ) -> Submission:
        """Queue a batch of a tenant's records; `as_tenant` sends another tenant's key."""
        path = f"/v1/tenants/{quote(tenant_id, safe='')}/logs"
        sent = {**self._build_authorization(as_tenant or tenant_id), **(headers or {})}
        _, body = self._request("POST", path, expected=(202,), json=list(records), headers=sent)
        self._tenants[body["task_id"]] = tenant_id
        return Submission(body["task_id"], body["records"], body["request_id"])

    def put_inventory(self, tenant_id: str, purls: Sequence[str]) -> dict[str, Any]:
        """Make packages the tenant's inventory, and return the answer."""
        path = f"/v1/tenants/{quote(tenant_id, safe='')}/inventory"
        headers = self._build_authorization(tenant_id)
        return self._request("PUT", path, expected=(200,), json=list(purls), headers=headers)[1]

    def get_task(self, task_id: str, tenant_id: str | None = None) -> ApiTask:
        """Return the current state of a task.

        Args:
            task_id: id of the task.
            tenant_id: tenant to authenticate as; by default the one for which it was queued here.

        Raises:
            NotFoundError: this tenant has no such task.
        """
        path = f"/v1/tasks/{quote(task_id, safe='')}"
        headers = self._build_authorization(tenant_id or self._tenants.get(task_id))
        _, body = self._request("GET", path, expected=(200,), headers=headers)
        result, error, event_id = (body.get(name) for name in ("result", "error", "event_id"))
        return ApiTask(body["task_id"], body["state"], result, error, event_id)

    def wait_for_task(
        self, task_id: str, deadline_s: float, tenant_id: str | None = None
    ) -> ApiTask:
        """Wait until a task is finished and return it, with its event id if it failed and has one.

        Raises:
            NotFoundError: it is unfinished after `deadline_s` seconds, or another tenant's.
        """
        deadline = Deadline.after(deadline_s)
        pause_s = _INITIAL_PAUSE_S
        while True:
            task = self.get_task(task_id, tenant_id)
            if task.state == "FAILURE" and task.event_id is None:
                deadline = min(deadline, Deadline.after(_EVENT_GRACE_S))
            elif task.state in _FINISHED:
                return task
            if pause_s >= deadline.left_s:
                break
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _MAX_PAUSE_S)
        if task.state not in _FINISHED:
            # Imported here: most clients of the API need no Celery.
            from securenet_obs.probes.celery.known_workers import describe_silence

            silence = describe_silence(self._settings)
            reason = f"; {silence}" if silence else ""
            raise NotFoundError(f"Task {task_id} is {task.state} after {deadline_s:g} s{reason}.")
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
        """Make the API, or one of its tasks, raise a DiagnosticError that names the canary.

        Args:
            canary: the marker to look for.
            where: place of the failure; in a "chain" both the API and a task of its task fail.
            tenant_id: tenant of the request.
            secret: planted in a local variable of the frame that raises.
            headers: additional headers, for instance Authorization.
        """
        body = {"canary": canary, "where": where, "tenant_id": tenant_id, "secret": secret}
        key = {"X-Diagnostics-Key": self._key.get_secret_value()}
        expected = 202 if where == "task" else 500
        response, answer = self._request(
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

    def _build_authorization(self, tenant_id: str | None) -> dict[str, str]:
        """Return the Authorization header of a tenant."""
        if tenant_id is None:
            raise ForbiddenError("This client did not queue the task; pass its tenant_id.")
        if tenant_id not in self._tenant_keys:
            raise ForbiddenError(
                f"API_KEYS has no key for tenant {tenant_id!r}; run `securenet-obs api-keys create "
                f"{tenant_id}` and add {tenant_id}=KEY to API_KEYS of the target, comma-separated."
            )
        return {"Authorization": f"Bearer {self._tenant_keys[tenant_id].get_secret_value()}"}

    def _request(
        self, method: str, path: str, expected: tuple[int, ...], **request: Any
    ) -> tuple[httpx.Response, dict[str, Any]]:
        deadline = Deadline.after(MAX_REQUEST_S)
        response, content = send_request(self._client, method, path, deadline=deadline, **request)
        if response.status_code not in expected:
            raise make_status_error(self.url, response)
        body = parse_json(response, content)
        if not isinstance(body, dict):
            raise UnreachableError(f"{self.url}{path} did not return a JSON object.")
        return response, body


def make_status_error(url: str, response: httpx.Response) -> ProbeError:
    """Return the error for an unexpected status; its message names the setting to check, if any."""
    path, status = response.request.url.path, response.status_code
    summary = f"{url}{path} answered {status} {response.reason_phrase}"
    is_diagnostic = path.startswith("/v1/diagnostics")
    if status in (401, 403):
        return ForbiddenError(
            f"{summary}; check {'DIAGNOSTICS_KEY' if is_diagnostic else 'API_KEYS'}."
        )
    if status == 404:
        return NotFoundError(f"{summary}{'; check DIAGNOSTICS_ENABLED' if is_diagnostic else ''}.")
    return UnreachableError(f"{summary}.")
