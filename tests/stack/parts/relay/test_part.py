"""The relay as a part of the stack."""

from pathlib import Path

from securenet_obs.processes.guard import Guard
from securenet_obs.stack.parts.bugsink import BugsinkAccess
from securenet_obs.stack.parts.relay.part import RelayAccess, create_relay_part


def test_clients_send_through_the_relay_and_read_from_both() -> None:
    """The DSN has the relay's port with Bugsink's key; the other variables remain Bugsink's."""
    bugsink = BugsinkAccess(4001)
    environment = RelayAccess(4002, bugsink).environment
    assert environment["SENTRY_DSN"] == bugsink.dsn.replace(":4001/", ":4002/")
    assert environment["SENTRY_RELAY_URL"] == "http://127.0.0.1:4002"
    others = bugsink.environment.keys() - {"SENTRY_DSN"}
    assert {name: environment[name] for name in others} == {
        name: bugsink.environment[name] for name in others
    }


def test_its_folder_is_the_owners_alone(tmp_path: Path) -> None:
    """The folder of the items exists, readable by its owner only, before the relay starts."""
    with Guard() as guard:
        part = create_relay_part(tmp_path / "relay", RelayAccess(4002, BugsinkAccess(4001)), guard)
    assert (part.name, part.address) == ("relay", "http://127.0.0.1:4002")
    assert (tmp_path / "relay").stat().st_mode & 0o777 == 0o700
