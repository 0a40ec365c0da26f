"""Plants secrets in every place that may leak them, and counts their occurrences in each sink."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pandas as pd

from securenet_obs.probes.http.api import MAX_REQUEST_S, make_status_error
from securenet_obs.probes.http.json_api import open_client, send_request
from securenet_obs.probes.scenarios.specimens import (
    FakeSecret,
    generate_field_secrets,
    generate_place_secrets,
    generate_text_secrets,
)
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings

REQUEST_PLACES = (
    "Authorization header",
    "X-Api-Key header",
    "x_auth_token header",
    "Cookie header",
    "query string",
    "nested body",
    "raw body",
)
"""Places of a secret in a request."""

CODE_PLACES = (
    "local variable",
    "exception text",
    "SQL parameter",
    "SQL text",
    "URL",
    "breadcrumb",
    "log field",
    "log extra",
    "log argument",
    "nested value",
    "warning",
    "printed",
    "task argument",
    "return value",
)
"""Places of a secret in the service's own code."""

NOTEBOOK_PLACES = ("notebook output", "notebook traceback")
"""Places of a secret in the notebook that searches for it."""

_TOTAL = "total"


@dataclass(frozen=True)
class PlantedSecrets:
    """Every secret that was planted, and the bodies of the API's answers meanwhile."""

    canary: str
    places: Mapping[str, FakeSecret]
    texts: Sequence[FakeSecret]
    fields: Sequence[tuple[str, FakeSecret]]
    request_id: str
    responses: bytes


def plant_secrets(settings: Settings, canary: str, tenant_id: str) -> PlantedSecrets:
    """Make the API, two of its tasks and its database leak a fresh secret of each kind.

    It sends three requests: one that fails after all leaks, and two that are refused, because their
    body lacks fields, or is cut.

    Args:
        settings: settings of the target, which must have diagnostics enabled.
        canary: harmless marker that accompanies every secret.
        tenant_id: tenant of the requests.

    Raises:
        ForbiddenError: the diagnostics key is wrong.
        NotFoundError: diagnostics are not enabled.
        UnreachableError: the API does not answer.
    """
    all_places = (*REQUEST_PLACES, *CODE_PLACES, *NOTEBOOK_PLACES)
    places = {one.kind: one for one in generate_place_secrets(all_places)}
    texts, fields = generate_text_secrets(), generate_field_secrets()
    secret = {place: one.marker for place, one in places.items()}
    body: dict[str, Any] = {
        "canary": canary,
        "tenant_id": tenant_id,
        "places": {place: secret[place] for place in CODE_PLACES},
        "texts": [one.text for one in texts],
        "fields": {name: one.text for name, one in fields},
        "account": {"login": [{"password": secret["nested body"]}]},
    }
    headers = _build_headers(settings, canary, secret)
    query = {"canary": canary, "password": secret["query string"]}
    raw = f'{{"canary": "{canary}", "password": "{secret["raw body"]}"}}'.encode()
    with open_client(settings.api_url.rstrip("/"), "API_URL", headers) as client:
        failed, first = _post(client, 500, params=query, json=body)
        declared = {"Content-Type": "application/json"}
        refused = [
            _post(client, 422, content=content, headers=declared)[1] for content in (raw, raw[:-1])
        ]
    request_id = failed.headers.get("x-request-id", "")
    return PlantedSecrets(canary, places, texts, fields, request_id, b"\n".join([first, *refused]))


def _build_headers(settings: Settings, canary: str, secret: Mapping[str, str]) -> dict[str, str]:
    return {
        "X-Diagnostics-Key": settings.diagnostics_key.get_secret_value(),
        "Authorization": f"Bearer {secret['Authorization header']}",
        "X-Api-Key": secret["X-Api-Key header"],
        "x_auth_token": secret["x_auth_token header"],
        "Cookie": f"theme=dark; sessionid={secret['Cookie header']}",
        "Referer": f"https://ui.example/{canary}?token={secret['query string']}",
    }


def _post(client: httpx.Client, expected: int, **request: Any) -> tuple[httpx.Response, bytes]:
    deadline = Deadline.after(MAX_REQUEST_S)
    path = "/v1/diagnostics/leak"
    response, content = send_request(client, "POST", path, deadline=deadline, **request)
    if response.status_code != expected:
        raise make_status_error(str(client.base_url).rstrip("/"), response)
    return response, content


def count_occurrences(plant: PlantedSecrets, sinks: Mapping[str, bytes]) -> pd.DataFrame:
    """Return how often each secret occurs in the bytes of each sink, plain or encoded.

    Returns:
        A row for each secret: `planted` (place, text or field), `kind`, a column for each sink with
        the number of occurrences, and `total`, their sum.
    """
    rows = [("place", one) for one in plant.places.values()]
    rows += [("text", one) for one in plant.texts]
    rows += [("field", one) for _, one in plant.fields]
    counts = [
        {
            "planted": how,
            "kind": one.kind,
            **{name: count_marker(one.marker, sink) for name, sink in sinks.items()},
        }
        for how, one in rows
    ]
    frame = pd.DataFrame(counts)
    return frame.assign(**{_TOTAL: frame[list(sinks)].sum(axis="columns")})


def count_marker(marker: str, stored: bytes) -> int:
    """Return how often bytes contain a marker of letters and digits: plain, hex or base64."""
    return sum(stored.count(spelling) for spelling in _encode_marker(marker.encode()))


def _encode_marker(marker: bytes) -> Iterable[bytes]:
    yield marker
    yield marker.hex().encode()
    for shift in range(3):
        # Base64 encodes groups of three bytes: the offset in its group changes both ends.
        encoded = base64.b64encode(b"\0" * shift + marker)
        yield encoded[(0, 2, 3)[shift] : len(encoded) // 4 * 4 - 4]
