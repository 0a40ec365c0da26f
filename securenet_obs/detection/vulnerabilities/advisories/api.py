"""Reads OSV records of given packages from OSV's API: batch query, pages, retries."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.components import Package
from securenet_obs.errors import AdvisoriesError, UnreachableError

BATCH = 1_000
"""Maximum number of queries in a request, by OSV's documentation."""

TRIES = 5
"""How often a request is sent until the API counts as unreachable."""

_TIMEOUT_S = 30.0
_CONNECTIONS = 8
_MAX_PAUSE_S = 30.0
_PASSING = {429, 500, 502, 503, 504}


class OsvApi:
    """Client of OSV's API, https://google.github.io/osv.dev/api/.

    Args:
        url: address of the API, without `/v1`.
        pause: waits for a number of seconds between two tries.
    """

    def __init__(self, url: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(base_url=self._url, timeout=_TIMEOUT_S)
        self._pause = pause

    def read_records(self, packages: Mapping[Package, str]) -> Iterator[Source]:
        """Yield every record on one of the packages, once.

        Args:
            packages: each with its name as an inventory spells it: the API does not know ours.

        Raises:
            UnreachableError: the API did not answer, or refused for reasons that may pass.
            AdvisoriesError: an answer is not one of OSV's.
        """
        ids = sorted(self._find_ids(packages))
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            yield from pool.map(self._read_record, ids)

    def _find_ids(self, packages: Mapping[Package, str]) -> set[str]:
        queries: list[dict[str, Any]] = [
            {"package": {"ecosystem": package.ecosystem, "name": name}}
            for package, name in packages.items()
        ]
        ids: set[str] = set()
        while queries:
            batch, queries = queries[:BATCH], queries[BATCH:]
            results = self._query(batch)
            for query, result in zip(batch, results, strict=True):
                ids.update(row["id"] for row in result.get("vulns", ()))
                if token := result.get("next_page_token"):
                    queries.append({**query, "page_token": token})
        return ids

    def _query(self, queries: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        answer = self._request("POST", "/v1/querybatch", json={"queries": queries})
        match answer:
            case {"results": list(results)} if len(results) == len(queries):
                return [result or {} for result in results]
        raise AdvisoriesError("the answer of /v1/querybatch is not one of OSV's API")

    def _read_record(self, advisory_id: str) -> Source:
        return Source(advisory_id, self._request("GET", f"/v1/vulns/{advisory_id}"))

    def _request(self, method: str, path: str, **options: Any) -> Any:
        reason = ""
        for pause_s in _pauses():
            try:
                response = self._client.request(method, path, **options)
            except httpx.TransportError as error:
                reason = type(error).__name__
            else:
                if response.status_code not in _PASSING:
                    return _content(response, path)
                reason = f"status {response.status_code}"
                pause_s = max(pause_s, _retry_after_s(response))
            self._pause(pause_s)
        raise UnreachableError(f"{self._url}{path} did not answer: {reason}")


def _pauses() -> Iterable[float]:
    """Return the seconds to wait after each try; the last one is not followed by another."""
    return (*(min(0.5 * 2**n, _MAX_PAUSE_S) for n in range(TRIES - 1)), 0.0)


def _retry_after_s(response: httpx.Response) -> float:
    value = response.headers.get("retry-after", "")
    return min(float(value), _MAX_PAUSE_S) if value.isascii() and value.isdigit() else 0.0


def _content(response: httpx.Response, path: str) -> Any:
    if response.status_code != 200:
        raise AdvisoriesError(f"{path}: the API answered with status {response.status_code}")
    try:
        return response.json()
    except ValueError:
        raise AdvisoriesError(f"{path}: the API's answer is not JSON") from None
