"""The ids of a request or a task."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from securenet_obs.monitoring.correlation import (
    accepted_request_id,
    accepted_tenant_id,
    begin,
    bind_tenant,
    current_ids,
    end,
    for_tenant,
    with_ids,
)


@pytest.mark.parametrize("text", ["req-12345678", "A" * 64, "0af76519.16cd_43dd-8448"])
def test_a_harmless_request_id_is_kept(text: str) -> None:
    """The caller's id goes on if it is plain text of a sane length."""
    assert accepted_request_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "short",
        "A" * 65,
        "id with space",
        'x"; drop',
        "line\nbreak1",
        "é" * 10,
        "12345678\n",
    ],
)
def test_any_other_request_id_is_replaced(text: str | None) -> None:
    """What could break a line, a header or a reader is never taken over."""
    made = accepted_request_id(text)
    assert made != text
    assert accepted_request_id(made) == made


@pytest.mark.parametrize("text", ["Acme", "a" * 64, "../x", None, 7, "a\n"])
def test_a_strange_tenant_id_is_no_tenant(text: object) -> None:
    """Only what the API accepts as a tenant is bound as one."""
    assert accepted_tenant_id(text) is None


def test_nothing_is_left_of_what_ran_before() -> None:
    """A beginning forgets the ids of an earlier request that was never ended."""
    begin(request_id="first-request", tenant_id="acme", task_id="t-1")
    begin(request_id="second-request")
    ids = current_ids()
    assert ids.pop("request_id") == "second-request"
    assert {"tenant_id", "task_id"}.isdisjoint(ids)
    end()
    assert current_ids() == {}


def test_a_tenant_is_bound_for_its_block_only() -> None:
    """What is sent within the block is the tenant's, what follows is not."""
    bind_tenant("outer")
    with for_tenant("inner"):
        assert current_ids()["tenant_id"] == "inner"
    assert current_ids()["tenant_id"] == "outer"
    end()


def test_only_what_was_bound_is_in_a_line() -> None:
    """Anybody else's context variable is none of it, whatever it is called."""
    begin(request_id="some-request")
    variable = contextvars.ContextVar[str]("tenant_id")
    token = variable.set("nobody's")
    assert with_ids({"event": "e"}).keys() == {"event", "request_id", "trace_id", "span_id"}
    variable.reset(token)
    end()
    assert with_ids({"event": "e"}) == {"event": "e"}


def told(number: int, meet: threading.Barrier) -> bool:
    """Begin a request, let others begin theirs, and say whether all that is bound is its own."""
    own = {"request_id": f"request-{number:04}", "tenant_id": f"tenant-{number % 2}"}
    begin(**own)
    meet.wait(10)
    seen = [{name: current_ids()[name] for name in own} for _ in range(50)]
    with for_tenant(f"inner-{number}"):
        seen_within = current_ids()["tenant_id"]
    meet.wait(10)
    end()
    return seen == [own] * 50 and seen_within == f"inner-{number}" and current_ids() == {}


def test_requests_in_threads_stay_apart() -> None:
    """Eight at once, begun before any of them has ended, see nothing of each other."""
    meet = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda number: told(number, meet), range(8)))


def test_requests_of_one_event_loop_stay_apart() -> None:
    """Interleaved at every await, each sees its own ids, and so do the threads it waits for."""

    async def request(number: int) -> bool:
        begin(request_id=f"request-{number:04}", tenant_id=f"tenant-{number % 2}")
        own = current_ids()
        for _ in range(10):
            await asyncio.sleep(0)
            if current_ids() != own or await asyncio.to_thread(current_ids) != own:
                return False
        end()
        return current_ids() == {}

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*map(request, range(50)))

    assert all(asyncio.run(all_at_once()))


def test_threads_do_not_share_ids() -> None:
    """An id bound in one thread is not seen in another."""
    seen: list[dict[str, str]] = []
    begin(request_id="main-thread")
    thread = threading.Thread(target=lambda: seen.append(current_ids()))
    thread.start()
    thread.join()
    end()
    assert seen == [{}]
