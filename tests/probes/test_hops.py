import json
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.probes import await_hops, event_hops, hops_that_lost
from securenet_obs.probes.arrivals import Arrival
from securenet_obs.probes.events import ErrorEvent
from securenet_obs.probes.hops import HOPS

IDS = {"request_id": "r1", "trace_id": "t1", "tenant_id": "acme"}
CHAIN: list[dict[str, Any]] = [
    {"service": "securenet-api", "event": "canary_relayed", "canary": "c", "sent_task_id": "one"},
    {"service": "securenet-api", "event": "request_failed", "sentry_event_id": "e1"},
    {"service": "securenet-worker", "event": "task_started", "task_id": "one"},
    {
        "service": "securenet-worker",
        "event": "canary_relayed",
        "canary": "c",
        "task_id": "one",
        "sent_task_id": "two",
    },
    {"service": "securenet-worker", "event": "task_succeeded", "task_id": "one"},
    {"service": "securenet-worker", "event": "task_started", "task_id": "two"},
    {"service": "securenet-worker", "event": "task_failed", "task_id": "two"},
]


def written(folder: Path, lines: list[dict[str, Any]]) -> Path:
    """Return a log of these lines, after one of somebody else's."""
    log = folder / "a.log"
    other = {"service": "securenet-api", "event": "canary_relayed", "canary": "another"}
    log.write_text("".join(json.dumps(line) + "\n" for line in [other, *lines]))
    return log


def hops_of(log: Path, deadline_s: float = 0.0) -> Any:
    return await_hops(log, canary="c", event_id="e1", deadline_s=deadline_s)


def test_every_hop_of_a_whole_chain_is_found(tmp_path: Path) -> None:
    """One row a hop, in the order in which they come, with the ids of its line."""
    hops = hops_of(written(tmp_path, [{**line, **IDS} for line in CHAIN]))
    assert tuple(hops.hop) == HOPS
    assert hops.found.all()
    assert hops_that_lost(hops, IDS) == {name: [] for name in IDS}


@pytest.mark.parametrize("hop", range(len(HOPS)))
def test_a_hop_that_lost_an_id_is_found_and_named(tmp_path: Path, hop: int) -> None:
    """A hop is recognised by something else than the ids that it is judged by."""
    lines = [{**line, **IDS} for line in CHAIN]
    lines[hop] |= {"request_id": "another"}
    hops = hops_of(written(tmp_path, lines))
    assert hops.found.all()
    assert hops_that_lost(hops, IDS)["request_id"] == [HOPS[hop]]


def test_a_hop_without_a_line_is_missing_and_has_lost_nothing(tmp_path: Path) -> None:
    """Two different answers: there is no line, and the line lacks an id."""
    hops = hops_of(written(tmp_path, [{**line, **IDS} for line in CHAIN[:-1]]))
    assert list(hops.hop[~hops.found]) == [HOPS[-1]]
    assert hops_that_lost(hops, IDS) == {name: [] for name in IDS}


def test_an_event_is_a_hop_with_the_ids_it_has_in_sentry(tmp_path: Path) -> None:
    """The trace of an event is the one by which Sentry itself finds it."""
    payload = {"data": {"contexts": {"trace": {"trace_id": "t1"}}}}
    tags = {"request_id": "r1", "tenant_id": "acme", "task_id": "two"}
    event = ErrorEvent("e" * 32, "x", None, None, tags, [], payload)
    hops = event_hops([Arrival("the child", event), Arrival("the API", None)])
    assert list(hops.found) == [True, False]
    assert hops_that_lost(hops, {**IDS, "trace_id": "t2"}) == {
        "request_id": [],
        "trace_id": ["Sentry: the child"],
        "tenant_id": [],
    }
