"""Free loopback ports for servers that can only be told a number."""

import random
import socket

# Below the ports that Linux and macOS give to outgoing connections: none of those can take a port
# between our look and the server's bind.
_RANGE = range(20_000, 32_768)


def free_ports(count: int) -> list[int]:
    """Return `count` different loopback ports that nobody listens on at this moment.

    Somebody may still be faster: who uses them must be ready to ask for others.
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
