"""A proxy that passes, swallows, and never mends a connection that has lost bytes."""

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from securenet_obs.drills.proxy import Proxy


class Echo(socketserver.BaseRequestHandler):
    """Answers every word with the same word."""

    def handle(self) -> None:
        """Answer until the client is gone."""
        while said := self.request.recv(100):
            self.request.sendall(said)


@pytest.fixture
def echo() -> Iterator[int]:
    """Yield the port of an echo."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    """Yield a proxy in front of an echo."""
    with Proxy(echo) as between:
        yield between


def connect(proxy: Proxy) -> socket.socket:
    """Return a connection through the proxy that waits for an answer briefly."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3)


def ask(connection: socket.socket) -> bytes:
    """Return what is answered; nothing if nobody says anything in time."""
    connection.sendall(b"word")
    try:
        return connection.recv(100)
    except TimeoutError:
        return b""


def test_it_passes_both_ways(proxy: Proxy) -> None:
    """What a client sends reaches the server, and the answer the client."""
    with connect(proxy) as connection:
        assert ask(connection) == b"word"


def test_it_swallows_in_silence(proxy: Proxy) -> None:
    """No byte arrives, on old connections or new ones, and none of them is closed."""
    with connect(proxy) as old:
        assert ask(old) == b"word"
        proxy.drops_traffic = True
        assert ask(old) == b""
        with connect(proxy) as new:
            assert ask(new) == b""


def test_what_lost_bytes_stays_silent(proxy: Proxy) -> None:
    """When it passes again, only connections that lost nothing speak."""
    with connect(proxy) as silenced, connect(proxy) as idle:
        proxy.drops_traffic = True
        ask(silenced)
        proxy.drops_traffic = False
        assert ask(silenced) == b""
        assert ask(idle) == b"word"
        with connect(proxy) as new:
            assert ask(new) == b"word"


def test_nothing_outlives_it(echo: int) -> None:
    """Its end closes its connections, the silent ones too, and its port."""
    with Proxy(echo) as proxy:
        connection, silenced = connect(proxy), connect(proxy)
        assert ask(connection) == b"word"
        proxy.drops_traffic = True
        ask(silenced)
    with connection, silenced:
        assert (connection.recv(100), silenced.recv(100)) == (b"", b"")
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
