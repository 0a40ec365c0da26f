"""The relay in front of Bugsink as a part of the stack: its port, client variables and process."""

import sys
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.processes.guard import Guard
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.bugsink import BugsinkAccess
from securenet_obs.stack.parts.readiness import BUGSINK_PROJECT, is_relay_ready


@dataclass(frozen=True)
class RelayAccess:
    """Port of a relay, and the Bugsink behind it, which has the same key and token."""

    port: int
    bugsink: BugsinkAccess

    @property
    def url(self) -> str:
        """Address of the relay."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables for sending through the relay, and for reading from it and from Bugsink."""
        return {
            **self.bugsink.environment,
            "SENTRY_DSN": f"http://{self.bugsink.sentry_key}@127.0.0.1:{self.port}/"
            f"{BUGSINK_PROJECT}",
            "SENTRY_RELAY_URL": self.url,
        }


def create_relay_part(folder: Path, access: RelayAccess, guard: Guard) -> Part:
    """Return a relay that keeps its items in `folder`, not yet started."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Part(
        "relay",
        [sys.executable, "-m", "securenet_obs.stack.parts.relay.server"],
        folder=folder,
        log=folder / "relay.log",
        environment={
            "PYTHONUNBUFFERED": "1",
            "RELAY_PORT": str(access.port),
            "RELAY_UPSTREAM": access.bugsink.url,
            "RELAY_TOKEN": access.bugsink.token,
            "RELAY_STORE": str(folder / "relay.sqlite3"),
        },
        ready=lambda since: is_relay_ready(access.environment, since),
        address=access.url,
        guard=guard,
    )
