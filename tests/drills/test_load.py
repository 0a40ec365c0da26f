"""The load keeps every response and gives every batch its own minute."""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from securenet_obs.drills.load import Load, Trickle
from securenet_obs.drills.tally import Tally, tally
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack import LocalStack
from securenet_obs.store import create_store_engine
from tests.waiting import eventually

KEYS = {"API_KEYS": "tenant-a=snk_a,tenant-b=snk_b"}


class Hangup(socketserver.BaseRequestHandler):
    """Reads a request and closes the connection without a response."""

    def handle(self) -> None:
        """Read the request, then return."""
        self.request.recv(100)


@pytest.fixture
def hangup() -> Iterator[str]:
    """Yield the address of a server that never responds."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hangup) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_every_batch_is_counted_in_its_minute(stack: LocalStack) -> None:
    """Accepted batches of several tenants are in the store soon, each complete and once."""
    load = Load(stack.environment)
    load.submit(12)
    assert {batch.outcome for batch in load.submitted} == {"accepted"}
    assert len({batch.minute for batch in load.submitted}) == 12
    assert len({batch.tenant_id for batch in load.submitted}) == 3
    engine = create_store_engine(stack.environment["DATABASE_URL"])
    counted = poll_until(
        lambda: tally(engine, load.submitted), lambda counted: not counted.lost, deadline_s=60
    )
    engine.dispose()
    assert counted == Tally((), ())


def test_finished_trickle_submits_the_remaining_batches(stack: LocalStack) -> None:
    """It submits one by one, then the rest at once, and nothing when finished again."""
    load = Load(stack.environment)
    with Trickle(load, 20) as trickle:
        assert eventually(lambda: load.submitted)
        few = len(load.submitted)
        slowest_s = trickle.finish()
        assert trickle.finish() == slowest_s
    assert 0 < few < 20 == len(load.submitted)
    assert 0 < slowest_s < 60


def test_refused_connection_counts_as_refused() -> None:
    """Without a connection the batch was not accepted."""
    load = Load({**KEYS, "API_URL": f"http://127.0.0.1:{find_free_ports(1)[0]}"})
    load.submit(2)
    assert [batch.outcome for batch in load.submitted] == ["refused", "refused"]


def test_broken_connection_counts_as_unknown(hangup: str) -> None:
    """The batch may have been accepted before the connection broke."""
    load = Load({**KEYS, "API_URL": hangup})
    load.submit(2)
    assert [batch.outcome for batch in load.submitted] == ["unknown", "unknown"]
