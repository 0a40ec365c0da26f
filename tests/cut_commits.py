"""A proxy in front of PostgreSQL that cuts a client's connection at its next COMMIT."""

import select
import socket
import socketserver
import threading
import time
from typing import Literal, Self

LATE_S = 0.2
"""Seconds after which the server gets a late COMMIT."""

Fate = Literal["executed", "lost", "late"]
"""Whether the server gets the COMMIT of the connection that was cut, and when."""


class CommitProxy(socketserver.ThreadingTCPServer):
    """Forwards bytes; cuts the connections of as many COMMITs as `fates` has entries."""

    daemon_threads = True

    def __init__(self, server_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Link)
        self.server_port = server_port
        self.port = self.server_address[1]
        self.fates: list[Fate] = []

    def __enter__(self) -> Self:
        """Listen, in a thread."""
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()


class _Link(socketserver.BaseRequestHandler):
    """A connection of a client."""

    server: CommitProxy

    def handle(self) -> None:
        """Forward until either side closes, or the connection is cut."""
        with socket.create_connection(("127.0.0.1", self.server.server_port)) as to_server:
            client: socket.socket = self.request
            while True:
                readable, _, _ = select.select([client, to_server], [], [])
                data = readable[0].recv(65536)
                if readable[0] is client and b"COMMIT\0" in data and self.server.fates:
                    self._cut(to_server, data, self.server.fates.pop(0))
                    return
                if not data:
                    return
                (to_server if readable[0] is client else client).sendall(data)

    def _cut(self, to_server: socket.socket, commit: bytes, fate: Fate) -> None:
        if fate == "executed":
            to_server.sendall(commit)
            to_server.recv(65536)
        self.request.shutdown(socket.SHUT_RDWR)
        if fate == "late":
            time.sleep(LATE_S)
            to_server.sendall(commit)
            to_server.recv(65536)
