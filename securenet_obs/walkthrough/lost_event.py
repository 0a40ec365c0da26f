"""An error event that no server receives, as from a process with a wrong DSN."""

import sentry_sdk

from securenet_obs.processes.ports import find_free_ports

_TIMEOUT_S = 2.0


def send_to_nowhere(message: str) -> str:
    """Capture an error with a DSN of no server; return the event id that the SDK returns for it."""
    (port,) = find_free_ports(1)
    client = sentry_sdk.Client(
        dsn=f"http://{'0' * 32}@127.0.0.1:{port}/1", default_integrations=False
    )
    event_id = client.capture_event(
        {"message": message, "level": "error"}, scope=sentry_sdk.Scope()
    )
    client.close(timeout=_TIMEOUT_S)
    return str(event_id)
