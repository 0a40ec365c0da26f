"""Free ports are different, unused, and outside of the range of outgoing connections."""

import random
import socket

import pytest

from securenet_obs.processes.ports import find_free_ports


def test_ports_are_different_and_can_be_bound() -> None:
    """Each returned port is different and can be listened on."""
    ports = find_free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_used_port_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port with a listener is not returned."""
    taken, free = find_free_ports(2)
    choices = iter([taken, free])
    monkeypatch.setattr(random, "choice", lambda _range: next(choices))
    with socket.create_server(("127.0.0.1", taken)):
        assert find_free_ports(1) == [free]
