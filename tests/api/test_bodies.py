"""Limits of request bodies, on a real server and on the middleware alone."""

import asyncio
import gzip
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psutil
import pytest

from securenet_obs.api import bodies
from securenet_obs.api.bodies import BodyLimits
from securenet_obs.errors import BodyRefusedError

LIMIT = 16 * 1024 * 1024
PATH = "/v1/tenants/acme/logs"


def start(api: Any, *lines: str) -> socket.socket:
    """Send the head of a request with a valid key; return the open connection."""
    url = api.client.base_url
    connection = socket.create_connection((url.host, url.port), timeout=30)
    head = [f"POST {PATH} HTTP/1.1", "Host: api", "Content-Type: application/json"]
    head += [f"Authorization: Bearer {api.keys['acme']}", *lines]
    connection.sendall("\r\n".join([*head, "", ""]).encode())
    return connection


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Return the status and the content of the answer, as soon as it is complete."""
    received = b""
    while b"\r\n\r\n" not in received or not received.rstrip().endswith(b"}"):
        part = connection.recv(65_536)
        assert part, received
        received += part
    head, _, content = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(content)


def test_a_declared_length_is_refused_before_the_body(api: Any) -> None:
    """413 arrives while the client has not sent any part of the body."""
    with closing(start(api, f"Content-Length: {LIMIT + 1}")) as connection:
        status, content = answer(connection)
    assert (status, content["detail"]) == (413, f"a body may have at most {LIMIT} bytes")
    assert content["request_id"]


def test_a_body_without_a_length_is_refused_while_it_arrives(api: Any) -> None:
    """413 follows the part that exceeds the limit; the server never has more in memory."""
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    (server,) = (each for each in psutil.process_iter() if listens(each, api.client.base_url.port))
    before = server.memory_info().rss
    with closing(start(api, "Transfer-Encoding: chunked")) as connection:
        for _ in range(LIMIT // 65_536):
            connection.sendall(chunk)
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.settimeout(30)
        connection.sendall(chunk)
        assert answer(connection)[0] == 413
        for _ in range(200):
            connection.sendall(chunk)
        assert server.memory_info().rss - before < 3 * LIMIT


def listens(process: psutil.Process, port: int | None) -> bool:
    try:
        return any(each.laddr.port == port for each in process.net_connections("tcp"))
    except psutil.Error:
        return False


def test_a_client_that_only_writes_gets_the_answer(api: Any) -> None:
    """A client that reads after its whole request gets 413, not a broken connection."""
    headers = {"Content-Type": "application/json", **api.bearer("acme")}
    request = urllib.request.Request(
        f"http://{api.client.base_url.netloc.decode()}{PATH}",
        b" " * 100_000_000,
        headers,
        method="POST",
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    assert caught.value.code == 413


def test_a_body_as_large_as_the_limit_is_read(api: Any, record: dict[str, str]) -> None:
    """The limit is the largest size that is accepted."""
    content = json.dumps([record]).encode()
    headers = {"Content-Type": "application/json"}
    sent = api.client.post(PATH, content=content.ljust(LIMIT), headers=headers, timeout=60)
    assert (sent.status_code, sent.json()["records"]) == (202, 1)
    assert api.client.post(PATH, content=content.ljust(LIMIT + 1)).status_code == 413


def test_without_a_key_no_body_is_read(api: Any) -> None:
    """401 comes before 413, for the diagnostics 403."""
    for path, status in ((PATH, 401), ("/v1/diagnostics/error", 403)):
        url = api.client.base_url
        with closing(socket.create_connection((url.host, url.port), timeout=30)) as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: api\r\nContent-Length: {LIMIT + 1}\r\n\r\n"
            connection.sendall(head.encode())
            assert connection.recv(65_536).split()[1] == str(status).encode()


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity, br", "deflate"])
def test_a_compressed_body_is_refused(api: Any, encoding: str) -> None:
    """415 names the accepted encoding, so no body can grow while it is read."""
    sent = api.client.post(
        PATH, content=gzip.compress(b"[]"), headers={"Content-Encoding": encoding}
    )
    assert (sent.status_code, sent.headers["Accept-Encoding"]) == (415, "identity")
    plain = {"Content-Encoding": "identity", "Content-Type": "application/json"}
    assert api.client.post(PATH, content=b"[]", headers=plain).status_code == 202


def test_a_setting_changes_the_limit(serve: Any) -> None:
    """MAX_BODY_BYTES is the limit of every operation with a body."""
    with serve(MAX_BODY_BYTES="2000") as served:
        assert served.client.post(PATH, json=["x" * 1000]).status_code == 202
        assert served.client.post(PATH, json=["x" * 2000]).status_code == 413
        assert served.diagnose(secret="x" * 2000).status_code == 413


def test_health_checks_are_quick_while_large_bodies_are_read(api: Any) -> None:
    """Most of the time that the large bodies take, checks are answered in a small part of it."""
    record = {"timestamp": "2026-01-01T00:00:00Z", **{f"name{n}": "x" * 15 for n in range(50)}}
    content = json.dumps([record] * 9_500).encode()
    assert LIMIT * 0.7 < len(content) < LIMIT
    statuses: list[int] = []

    def post() -> None:
        headers = {"Content-Type": "application/json"}
        sent = api.client.post(PATH, content=content, headers=headers, timeout=120)
        statuses.append(sent.status_code)

    posts = [threading.Thread(target=post) for _ in range(4)]
    began = time.monotonic()
    for thread in posts:
        thread.start()
    waits = list(waits_of_health_checks(api, posts))
    assert set(statuses) <= {202, 503}
    assert statuses.count(202) >= 1
    took_s = time.monotonic() - began
    assert sum(wait_s for wait_s in waits if wait_s > took_s / 10) < took_s / 2


def waits_of_health_checks(api: Any, posts: list[threading.Thread]) -> Iterator[float]:
    while any(thread.is_alive() for thread in posts):
        began = time.monotonic()
        assert api.client.get("/health/live").status_code == 200
        yield time.monotonic() - began


async def read_all(_: Any, receive: Any, send: Any) -> None:
    """Read a whole body, as an application; answer a refusal with its status."""
    status = 200
    try:
        while (await receive()).get("more_body"):
            pass
    except BodyRefusedError as error:
        status = error.status
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def request(limits: BodyLimits, parts: list[bytes], pause_s: float = 0.0) -> Any:
    """Return a coroutine that sends a body in parts, and returns the status of the answer."""

    async def send_parts() -> int:
        waiting, sent = list(parts), []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(pause_s)
            part = waiting.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            sent.append(message)

        await limits({"type": "http", "headers": []}, receive, send)
        assert [message.get("more_body", False) for message in sent][-1] is False
        return int(sent[0]["status"])

    return send_parts()


def test_a_slow_body_is_refused() -> None:
    """The whole body has a deadline, however regularly its parts arrive."""
    limits = BodyLimits(read_all, max_bytes=LIMIT, timeout_s=0.2)
    assert asyncio.run(request(limits, [b"x"] * 10, pause_s=0.05)) == 408
    assert asyncio.run(request(limits, [b"x"] * 2, pause_s=0.05)) == 200


def test_large_bodies_wait_for_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """More large bodies than slots wait; after a bounded time they are answered 503."""
    large = [b"x" * bodies.LARGE_BYTES, b"x", b"x"]

    async def at_once(number: int, pause_s: float) -> list[int]:
        limits = BodyLimits(read_all, max_bytes=LIMIT, slots=2)
        small = request(limits, [b"x"], pause_s)
        posts = (request(limits, list(large), pause_s) for _ in range(number))
        return list(await asyncio.gather(small, *posts))

    assert asyncio.run(at_once(6, pause_s=0.02)) == [200] * 7
    monkeypatch.setattr(bodies, "SLOT_TIMEOUT_S", 0.05)
    assert sorted(asyncio.run(at_once(6, pause_s=0.2))) == [200] * 3 + [503] * 4
