"""Finds free loopback ports for servers that need a fixed number."""

import random
import socket

# Below the ephemeral ports of Linux and macOS: no outgoing connection can take a port between our
# check and the server's bind.
_RANGE = range(20_000, 32_768)


def find_free_ports(count: int) -> list[int]:
    """Return `count` different loopback ports on which no process listens at this moment.

    Another process may still take one first: the caller must be ready to retry with others.
    """
    ports: set[int] = set()
    while len(ports) < count:
        port = random.choice(_RANGE)  # noqa: S311
        if _is_free(port):
            ports.add(port)
    return list(ports)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0 and _can_bind(port)


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
