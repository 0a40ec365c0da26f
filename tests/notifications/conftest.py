"""Fixtures of the notifications' tests: a web server and a mail server on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.record.runs import RunRecord
from tests.web_server import WebServer, running_web_server


@pytest.fixture
def web_server() -> Iterator[WebServer]:
    """Yield a web server, which answers its `status`."""
    with running_web_server() as server:
        yield server


@dataclass
class MailServer:
    """A mail server that keeps the mails that it gets."""

    port: int
    mails: list[Message] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 the name that aiosmtpd calls
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        """Keep a mail."""
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Yield a mail server."""
    kept = MailServer(find_free_ports(1)[0])
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    yield kept
    controller.stop()


def judged_run(
    verdict: str, notebook: str = "08_the_broker_is_safe", kind: str = "validation", **extra: Any
) -> RunRecord:
    """Return the record of a run with a verdict; a failed one has a failed check and a change."""
    record = RunRecord(notebook, {"notebook": notebook, "kind": kind, "attempt": 1})
    record.judged = {"verdict": verdict, "reason": "why", "seconds": 1.5}
    if verdict == "failed":
        record.take({
            "event": "check", "cell": 1, "name": "no key is evicted", "outcome": "failed",
            "expected": "noeviction", "observed": "allkeys-lru",
        })  # fmt: skip
        change = {"kind": "redis", "what": "maxmemory-policy", "before": "a", "after": "b"}
        record.compared_with_green = {"changes_since_green": [{**change, "rank": 1, "why": ""}]}
    record.started.update(extra)
    return record
