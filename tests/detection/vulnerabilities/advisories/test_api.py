"""OSV's API, served on this machine: batches, pages, retries."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from securenet_obs.detection.vulnerabilities.advisories.api import BATCH, TRIES, OsvApi
from securenet_obs.detection.vulnerabilities.components import Package
from securenet_obs.errors import AdvisoriesError, UnreachableError
from tests.detection.vulnerabilities.osv import advisory, before

PAGES = 3


class OsvServer:
    """OSV's API: each package has a vulnerability on each of three pages, one shared by all.

    `failures` are the statuses of the next answers; `sizes` those of the batches so far.
    """

    def __init__(self) -> None:
        self.failures: list[int] = []
        self.sizes: list[int] = []
        self.fetched: Counter[str] = Counter()
        self.url = ""

    def answer(self, path: str, body: bytes) -> tuple[int, Any]:
        """Return status and content of an answer."""
        if self.failures:
            return self.failures.pop(0), {}
        if path == "/v1/querybatch":
            queries = json.loads(body)["queries"]
            self.sizes.append(len(queries))
            return 200, {"results": [self._result(query) for query in queries]}
        advisory_id = path.removeprefix("/v1/vulns/")
        self.fetched[advisory_id] += 1
        return 200, advisory(advisory_id, *before("2"))

    @staticmethod
    def _result(query: dict[str, Any]) -> dict[str, Any]:
        if query["package"]["name"] == "clean":
            return {}
        page = int(query.get("page_token", 0))
        vulns = [{"id": f"{query['package']['name']}-{page}"}, {"id": "SHARED"}]
        last = page == PAGES - 1
        return {"vulns": vulns} if last else {"vulns": vulns, "next_page_token": str(page + 1)}


@pytest.fixture
def osv() -> Iterator[OsvServer]:
    """Yield a running server."""
    state = OsvServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            status, content = state.answer(self.path, self.rfile.read(length))
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("retry-after", "7")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 the name is the library's

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
        server.shutdown()
        thread.join()


def packages(*names: str) -> dict[Package, str]:
    """Return packages with their names."""
    return {Package("PyPI", name): name for name in names}


def test_every_page_is_read_and_each_record_once(osv: OsvServer) -> None:
    """A vulnerability of several packages and pages is one record."""
    records = list(OsvApi(osv.url).read_records(packages("a", "b", "clean")))
    expected = {"SHARED", *(f"{name}-{page}" for name in "ab" for page in range(PAGES))}
    assert {row.record["id"] for row in records} == expected
    assert osv.fetched == Counter(expected)


def test_queries_are_sent_in_batches(osv: OsvServer) -> None:
    """No request has more queries than the API accepts."""
    names = ["clean", *(f"p{n}" for n in range(BATCH))]
    assert len(list(OsvApi(osv.url)._find_ids(packages(*names)))) == BATCH * PAGES + 1
    assert max(osv.sizes) == BATCH
    assert sum(osv.sizes) == 1 + BATCH * PAGES


def test_passing_failures_are_retried(osv: OsvServer) -> None:
    """The pause is that which the server asks for, or longer each time."""
    osv.failures = [503, 429, 500]
    pauses: list[float] = []
    records = list(OsvApi(osv.url, pauses.append).read_records(packages("a")))
    assert len(records) == PAGES + 1
    assert pauses == [7.0, 7.0, 7.0]


def test_an_api_that_keeps_failing_is_unreachable(osv: OsvServer) -> None:
    """After the last try the error names address and reason; nothing is read in part."""
    osv.failures = [503] * TRIES
    with pytest.raises(UnreachableError, match=r"\d/v1/querybatch did not answer: status 503"):
        list(OsvApi(osv.url, lambda _: None).read_records(packages("a")))
    assert osv.failures == []


def test_an_api_that_is_away_is_unreachable() -> None:
    """A refused connection is retried, then reported."""
    pauses: list[float] = []
    with pytest.raises(UnreachableError, match="ConnectError"):
        list(OsvApi("http://127.0.0.1:9", pauses.append).read_records(packages("a")))
    assert pauses == [0.5, 1.0, 2.0, 4.0, 0.0]


def test_an_answer_that_is_final_is_not_retried(osv: OsvServer) -> None:
    """A status other than the passing ones, or another document, is an error of the source."""
    osv.failures = [404]
    with pytest.raises(AdvisoriesError, match="status 404"):
        list(OsvApi(osv.url).read_records(packages("a")))
    osv.failures = [200]
    with pytest.raises(AdvisoriesError, match="not one of OSV's API"):
        list(OsvApi(osv.url).read_records(packages("a")))
