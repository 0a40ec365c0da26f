"""The proxy forwards traffic or drops it, and keeps a connection that lost bytes silent."""

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from securenet_obs.drills.faults.proxy import Proxy


class Echo(socketserver.BaseRequestHandler):
    """Returns every message unchanged."""

    def handle(self) -> None:
        """Respond until the client closes the connection."""
        while data := self.request.recv(100):
            self.request.sendall(data)


@pytest.fixture
def echo() -> Iterator[int]:
    """Yield the port of an echo server."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    """Yield a proxy in front of an echo server."""
    with Proxy(echo) as between:
        yield between


def connect(proxy: Proxy) -> socket.socket:
    """Return a connection through the proxy with a short timeout."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3)


def ask(connection: socket.socket) -> bytes:
    """Return the response; empty if none arrives in time."""
    connection.sendall(b"word")
    try:
        return connection.recv(100)
    except TimeoutError:
        return b""


def test_traffic_is_forwarded_in_both_directions(proxy: Proxy) -> None:
    """The request reaches the server, and the response the client."""
    with connect(proxy) as connection:
        assert ask(connection) == b"word"


def test_traffic_is_dropped_silently(proxy: Proxy) -> None:
    """No byte arrives on old or new connections, and none of them is closed."""
    with connect(proxy) as old:
        assert ask(old) == b"word"
        proxy.drops_traffic = True
        assert ask(old) == b""
        with connect(proxy) as new:
            assert ask(new) == b""


def test_connection_that_lost_bytes_stays_silent(proxy: Proxy) -> None:
    """After the fault, only connections that lost no bytes work again."""
    with connect(proxy) as silenced, connect(proxy) as idle:
        proxy.drops_traffic = True
        ask(silenced)
        proxy.drops_traffic = False
        assert ask(silenced) == b""
        assert ask(idle) == b"word"
        with connect(proxy) as new:
            assert ask(new) == b"word"


def test_closed_proxy_leaves_no_connections(echo: int) -> None:
    """Closing it closes its connections, silent ones included, and its port."""
    with Proxy(echo) as proxy:
        connection, silenced = connect(proxy), connect(proxy)
        assert ask(connection) == b"word"
        proxy.drops_traffic = True
        ask(silenced)
    with connection, silenced:
        assert (connection.recv(100), silenced.recv(100)) == (b"", b"")
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
