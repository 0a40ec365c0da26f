"""The load keeps every answer, and gives every batch a minute of its own."""

import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from securenet_obs.drills.load import Load, Trickle
from securenet_obs.drills.tally import Tally, tally
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack import LocalStack
from securenet_obs.store import create_store_engine

KEYS = {"API_KEYS": "tenant-a=snk_a,tenant-b=snk_b"}


class Hangup(socketserver.BaseRequestHandler):
    """Takes a request, and closes the connection instead of an answer."""

    def handle(self) -> None:
        """Read, and be gone."""
        self.request.recv(100)


@pytest.fixture
def hangup() -> Iterator[str]:
    """Yield the address of a server that answers nothing."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hangup) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_every_batch_is_counted_in_its_minute(stack: LocalStack) -> None:
    """Accepted batches of several tenants are all in the store soon, each whole and once."""
    load = Load(stack.environment)
    load.submit(12)
    assert {batch.outcome for batch in load.submitted} == {"accepted"}
    assert len({batch.minute for batch in load.submitted}) == 12
    assert len({batch.tenant_id for batch in load.submitted}) == 3
    engine = create_store_engine(stack.environment["DATABASE_URL"])
    counted = poll_until(
        lambda: tally(engine, load.submitted), lambda counted: not counted.lost, deadline_s=20
    )
    engine.dispose()
    assert counted == Tally((), ())


def test_a_trickle_ends_with_what_is_left(stack: LocalStack) -> None:
    """It sends one by one until it is finished, then the rest, and no more when asked again."""
    load = Load(stack.environment)
    with Trickle(load, 20) as trickle:
        time.sleep(0.3)
        few = len(load.submitted)
        slowest_s = trickle.finish()
        assert trickle.finish() == slowest_s
    assert 0 < few < 20 == len(load.submitted)
    assert 0 < slowest_s < 10


def test_nobody_there_is_a_refusal() -> None:
    """Where no connection could be made, nothing was accepted."""
    load = Load({**KEYS, "API_URL": f"http://127.0.0.1:{find_free_ports(1)[0]}"})
    load.submit(2)
    assert [batch.outcome for batch in load.submitted] == ["refused", "refused"]


def test_a_broken_connection_is_no_answer(hangup: str) -> None:
    """Whether the batch was accepted before the connection broke, nobody can tell."""
    load = Load({**KEYS, "API_URL": hangup})
    load.submit(2)
    assert [batch.outcome for batch in load.submitted] == ["unknown", "unknown"]
