"""The relay stores what Bugsink accepts and drops, answers with its token, and stays in bounds."""

import json
import socket
import threading

import pytest

from securenet_obs.stack.parts.relay import server
from tests.stack.parts.relay.envelope import TOKEN, TRACE, TRANSACTION, envelope, item
from tests.waiting import eventually

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_a_stored_transaction_is_answered_by_its_trace(relay) -> None:
    """As soon as the envelope is answered, its items can be read."""
    assert relay.post(envelope(item("transaction", TRANSACTION))).status_code == 200
    answer = relay.client.get("/relay/items/", params={"trace_id": TRACE.upper()}, headers=BEARER)
    (found,) = answer.json()["items"]
    assert (found["kind"], found["payload"]) == ("transaction", TRANSACTION)
    assert answer.json()["next"] is None
    other = relay.client.get("/relay/items/", params={"trace_id": "0" * 32}, headers=BEARER)
    assert other.json() == {"items": [], "next": None}
    status = relay.client.get("/relay/status/", headers=BEARER).json()
    assert status == {"stored": {"transaction": 1}, "not_stored": {}, "evicted": 0}


@pytest.mark.parametrize("status", [400, 403, 413, 429, 500])
def test_items_of_a_refused_envelope_are_not_stored(upstream, relay, status: int) -> None:
    """Bugsink checks the key of the DSN: with a wrong one nothing is stored."""
    upstream.status = status
    assert relay.post(envelope(item("transaction", TRANSACTION))).status_code == status
    assert relay.store.find()[0] == []


@pytest.mark.parametrize("path", ["/relay/items/", "/relay/status/"])
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
def test_reading_requires_the_token(relay, path: str, header: str) -> None:
    """Without it, nothing is answered but 401."""
    relay.post(envelope(item("transaction", TRANSACTION)))
    answer = relay.client.get(path, headers={"Authorization": header} if header else {})
    assert (answer.status_code, list(answer.json())) == (401, ["detail"])


def test_a_malformed_envelope_is_forwarded_and_counted(upstream, relay) -> None:
    """The answer is Bugsink's, and the next envelope is stored."""
    assert relay.post(b"\xff{}\n{{{").status_code == 200
    assert upstream.requests[0][3] == b"\xff{}\n{{{"
    relay.post(envelope(item("transaction", TRANSACTION)))
    status = relay.client.get("/relay/status/", headers=BEARER).json()
    assert (status["stored"], status["not_stored"]) == ({"transaction": 1}, {"malformed": 1})


def test_a_full_disk_is_counted(upstream, relay) -> None:
    """The error that Bugsink has stored is answered with 200 all the same."""
    relay.store._database.execute("DROP TABLE items")
    body = envelope(item("event", {"event_id": "1"}), item("transaction", TRANSACTION))
    assert relay.post(body).status_code == 200
    relay.store._database.executescript("CREATE TABLE items (kind TEXT)")
    status = relay.client.get("/relay/status/", headers=BEARER).json()
    assert status["not_stored"] == {"not stored: OperationalError": 1}


def test_pages_are_answered(relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """`next` is the number after which the next page begins; other text is refused."""
    monkeypatch.setattr("securenet_obs.stack.parts.relay.items.PAGE_ITEMS", 2)
    relay.post(envelope(*(item("session", {"sid": str(number)}) for number in range(3))))
    first = relay.client.get("/relay/items/", headers=BEARER).json()
    last = relay.client.get("/relay/items/", params={"after": first["next"]}, headers=BEARER).json()
    assert [row["payload"]["sid"] for row in first["items"] + last["items"]] == ["0", "1", "2"]
    assert last["next"] is None
    for after in ("x", "-1", "9" * 30, "²"):
        answer = relay.client.get("/relay/items/", params={"after": after}, headers=BEARER)
        assert answer.status_code == 400


def test_values_that_json_lacks_are_answered(relay) -> None:
    """NaN, lone surrogates and large numbers come back as they were sent."""
    payload = b'{"sid":"\\ud800","a":NaN,"b":18446744073709551616,"c":"\\u0000"}'
    relay.post(envelope(item("session", payload)))
    answer = relay.client.get("/relay/items/", headers=BEARER)
    (found,) = json.loads(answer.content)["items"]
    assert found["payload"]["sid"] == "\ud800"
    assert found["payload"]["b"] == 2**64


def test_other_paths_are_not_forwarded(upstream, relay) -> None:
    """The dashboard has its own address."""
    assert relay.client.get("/accounts/login/").status_code == 404
    assert upstream.requests == []


def test_a_slow_client_is_cut_off(relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets 408, and others are answered meanwhile."""
    monkeypatch.setattr(server, "RECEIVE_S", 0.5)
    host, port = relay.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(40)]
    for client in slow:
        client.sendall(b"POST /api/1/envelope/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    body = envelope(item("transaction", TRANSACTION))
    # A relay that is held in the midst of it cuts off this client, too.
    assert eventually(lambda: relay.post(body).status_code == 200)
    for client in slow:
        client.settimeout(60)
        assert client.recv(100).startswith(b"HTTP/1.1 408")
        client.close()


def test_bodies_in_memory_are_bounded(upstream, relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a body is forwarded as it comes, and counted; later ones are stored."""
    monkeypatch.setattr(server, "MAX_BUFFERED_BYTES", 50)
    body = envelope(item("transaction", TRANSACTION))
    assert relay.post(body).status_code == 200
    assert upstream.requests[0][3] == body
    monkeypatch.undo()
    relay.post(body)
    status = relay.client.get("/relay/status/", headers=BEARER).json()
    assert status["not_stored"] == {"too large to be read": 1}
    assert status["stored"] == {"transaction": 1}


def test_answered_bodies_no_longer_count(relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is for bodies that are in memory at one time."""
    body = envelope(item("transaction", TRANSACTION))
    monkeypatch.setattr(server, "MAX_BUFFERED_BYTES", 2 * len(body))
    for _ in range(5):
        relay.post(body)
    assert relay.store.count() == {"transaction": 5}


def test_many_clients_at_once_are_all_stored(relay) -> None:
    """No item is lost between threads."""

    def send() -> None:
        for _ in range(10):
            assert relay.post(envelope(item("transaction", TRANSACTION))).status_code == 200

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert relay.store.count() == {"transaction": 80}


def test_an_interrupted_client_leaves_the_relay_working(
    relay, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that ends in the middle of its body stores nothing."""
    host, port = relay.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST /api/1/envelope/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
    assert relay.post(envelope(item("transaction", TRANSACTION))).status_code == 200
    assert relay.store.count() == {"transaction": 1}
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
