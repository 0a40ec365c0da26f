import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.probes import (
    ApiClient,
    find_lost_ids,
    generate_canary,
    generate_secret,
    open_error_events,
    read_back_events,
    tabulate_event_hops,
    wait_for_hops,
)
from securenet_obs.probes.scenarios.hops import HOPS
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack

Line = dict[str, Any]


@dataclass(frozen=True)
class Chain:
    """A chain that was provoked on the running stack: its ids, and the line of each hop."""

    canary: str
    event_id: str
    ids: dict[str, str]
    lines: list[Line]
    settings: Settings


def settings_of(stack: LocalStack) -> Settings:
    return Settings(**{name.lower(): value for name, value in stack.environment.items()})


@pytest.fixture(scope="module")
def chain(stack: LocalStack) -> Chain:
    """Provoke a chain, and return its log lines of API and worker."""
    settings, canary = settings_of(stack), generate_canary()
    request_id, trace_id = secrets.token_hex(16), secrets.token_hex(16)
    headers = {"X-Request-ID": request_id, "sentry-trace": f"{trace_id}-{secrets.token_hex(8)}-0"}
    raised = ApiClient(settings).raise_error(
        canary, where="chain", tenant_id="tenant-a", secret=generate_secret(), headers=headers
    )
    assert raised.event_id
    source = settings.log_source
    hops = wait_for_hops(source, canary=canary, event_id=raised.event_id, deadline_s=120)
    assert hops.found.all(), hops
    ids = {"request_id": request_id, "trace_id": trace_id, "tenant_id": "tenant-a"}
    return Chain(canary, raised.event_id, ids, lines_of(Path(source), request_id), settings)


def lines_of(folder: Path, request_id: str) -> list[Line]:
    """Return the line of each hop of a request, in the order of `HOPS`."""
    texts = (text for log in folder.glob("*.log") for text in log.read_text().splitlines())
    lines = [json.loads(text) for text in texts if request_id in text]

    def line(event: str, **fields: object) -> Line:
        return next(
            line for line in lines if line["event"] == event and fields.items() <= line.items()
        )

    by_api = line("canary_relayed", service="securenet-api")
    by_task = line("canary_relayed", service="securenet-worker")
    task, child = by_api["sent_task_id"], by_task["sent_task_id"]
    return [
        by_api,
        line("request_failed"),
        line("task_started", task_id=task),
        by_task,
        line("task_succeeded", task_id=task),
        line("task_started", task_id=child),
        line("task_failed", task_id=child),
    ]


def hops_of(folder: Path, chain: Chain, lines: list[Line]) -> Any:
    """Return the hops of a log with these lines, after a chain of another canary."""
    other = {**chain.lines[0], "canary": "another"}
    log = folder / "a.log"
    log.write_text("".join(json.dumps(line) + "\n" for line in [other, *lines]))
    return wait_for_hops(log, canary=chain.canary, event_id=chain.event_id, deadline_s=0)


def test_every_hop_of_a_complete_chain_is_found(tmp_path: Path, chain: Chain) -> None:
    """Each hop is a row with the ids of its line, in the order of the chain."""
    hops = hops_of(tmp_path, chain, chain.lines)
    assert tuple(hops.hop) == HOPS
    assert hops.found.all()
    assert find_lost_ids(hops, chain.ids) == {name: [] for name in chain.ids}


@pytest.mark.parametrize("hop", range(len(HOPS)))
def test_hop_that_lost_an_id_is_found(tmp_path: Path, chain: Chain, hop: int) -> None:
    """A hop is identified independently of the ids under test."""
    lines = [*chain.lines]
    lines[hop] = {**lines[hop], "request_id": "another"}
    hops = hops_of(tmp_path, chain, lines)
    assert hops.found.all()
    assert find_lost_ids(hops, chain.ids)["request_id"] == [HOPS[hop]]


def test_hop_without_a_line_is_missing(tmp_path: Path, chain: Chain) -> None:
    """A missing line differs from a line without an id."""
    hops = hops_of(tmp_path, chain, chain.lines[:-1])
    assert list(hops.hop[~hops.found]) == [HOPS[-1]]
    assert find_lost_ids(hops, chain.ids) == {name: [] for name in chain.ids}


def test_event_is_a_hop_with_its_ids_in_sentry(chain: Chain) -> None:
    """The trace id is the one that Sentry uses to find the event."""
    wanted = [("the API", chain.event_id), ("the child", None)]
    hops = tabulate_event_hops(read_back_events(open_error_events(chain.settings), wanted, 20))
    assert list(hops.found) == [True, False]
    assert find_lost_ids(hops, chain.ids) == {name: [] for name in chain.ids}
    assert find_lost_ids(hops, {**chain.ids, "trace_id": "another"}) == {
        "request_id": [],
        "trace_id": ["Sentry: the API"],
        "tenant_id": [],
    }
