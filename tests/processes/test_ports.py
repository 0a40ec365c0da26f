"""Ports are free, different, and out of the way of outgoing connections."""

import random
import socket

import pytest

from securenet_obs.processes.ports import find_free_ports


def test_ports_differ_and_can_be_bound() -> None:
    """Each port that is returned is another one and can be listened on."""
    ports = find_free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_a_taken_port_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that somebody listens on is not returned."""
    taken, free = find_free_ports(2)
    picks = iter([taken, free])
    monkeypatch.setattr(random, "choice", lambda _range: next(picks))
    with socket.create_server(("127.0.0.1", taken)):
        assert find_free_ports(1) == [free]
