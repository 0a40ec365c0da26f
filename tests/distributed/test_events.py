"""Events reach the caller in order, by run; a lost one ends no run."""

from typing import Any

import pytest

from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.events import Listener, Publisher
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.record.verdict import Judgement, Verdict

pytestmark = pytest.mark.stack


def test_events_are_sorted_by_run(client: Any) -> None:
    """Events of another command and of unknown runs are not those of a run."""
    listener = Listener(client, "c")
    listener.register("c.1")
    for run in ("c.2", "c.1"):
        events = Publisher(client, "c", run, 1, "worker")
        events.started(run, 3)
        events.cell(run, 2)
        events.shown(run, "text")
        events.finished(run, Judgement(Verdict.PASSED), 1.0)
    Publisher(client, "other", "c.1", 1, "worker").send("finished")
    try:
        found = [listener.next("c.1", 5) for _ in range(3)]
        assert [event and event["event"] for event in found] == ["started", "cell", "shown"]
        assert listener.next("c.1", 0.1) is None
    finally:
        listener.close()


def test_an_event_that_redis_does_not_take_is_lost() -> None:
    """The evidence in the shared place decides."""
    client = connect(f"redis://127.0.0.1:{find_free_ports(1)[0]}/0")
    Publisher(client, "c", "c.1", 1, "worker").started("run", 1)
