"""Correlation ids of requests and tasks."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from securenet_obs.monitoring.correlation import (
    bind_ids,
    bind_tenant,
    bound_tenant,
    clear_ids,
    current_ids,
    ensure_request_id,
    merge_context,
    parse_tenant_id,
)


@pytest.mark.parametrize("text", ["req-12345678", "A" * 64, "0af76519.16cd_43dd-8448"])
def test_a_valid_request_id_is_kept(text: str) -> None:
    """The caller's id is used if it is safe text of 8 to 64 characters."""
    assert ensure_request_id(text) == text


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
def test_an_invalid_request_id_is_replaced(text: str | None) -> None:
    """An id that could break a line, a header or a parser is not used."""
    made = ensure_request_id(text)
    assert made != text
    assert ensure_request_id(made) == made


@pytest.mark.parametrize("text", ["Acme", "a" * 64, "../x", None, 7, "a\n"])
def test_an_invalid_tenant_id_is_ignored(text: object) -> None:
    """Only ids that the API accepts are bound as tenants."""
    assert parse_tenant_id(text) is None


def test_binding_clears_earlier_ids() -> None:
    """The ids of an earlier request that was never ended are cleared."""
    bind_ids(request_id="first-request", tenant_id="acme", task_id="t-1")
    bind_ids(request_id="second-request")
    ids = current_ids()
    assert ids.pop("request_id") == "second-request"
    assert {"tenant_id", "task_id"}.isdisjoint(ids)
    clear_ids()
    assert current_ids() == {}


def test_a_tenant_is_bound_for_its_block_only() -> None:
    """Tasks sent within the block belong to the tenant, later ones do not."""
    bind_tenant("outer")
    with bound_tenant("inner"):
        assert current_ids()["tenant_id"] == "inner"
    assert current_ids()["tenant_id"] == "outer"
    clear_ids()


def test_only_bound_fields_are_in_a_line() -> None:
    """Context variables of other libraries are not part of a line."""
    bind_ids(request_id="some-request")
    variable = contextvars.ContextVar[str]("tenant_id")
    token = variable.set("nobody's")
    assert merge_context({"event": "e"}).keys() == {"event", "request_id", "trace_id", "span_id"}
    variable.reset(token)
    clear_ids()
    assert merge_context({"event": "e"}) == {"event": "e"}


def concurrent_ids_are_own(number: int, meet: threading.Barrier) -> bool:
    """Bind ids, let the others bind theirs, and return whether all bound ids are our own."""
    own = {"request_id": f"request-{number:04}", "tenant_id": f"tenant-{number % 2}"}
    bind_ids(**own)
    meet.wait(60)
    seen = [{name: current_ids()[name] for name in own} for _ in range(50)]
    with bound_tenant(f"inner-{number}"):
        seen_within = current_ids()["tenant_id"]
    meet.wait(60)
    clear_ids()
    return seen == [own] * 50 and seen_within == f"inner-{number}" and current_ids() == {}


def test_concurrent_threads_have_separate_ids() -> None:
    """Eight threads that bind ids at the same time see only their own."""
    meet = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda number: concurrent_ids_are_own(number, meet), range(8)))


def test_concurrent_coroutines_have_separate_ids() -> None:
    """Interleaved coroutines and their threads see only their own ids."""

    async def request(number: int) -> bool:
        bind_ids(request_id=f"request-{number:04}", tenant_id=f"tenant-{number % 2}")
        own = current_ids()
        for _ in range(10):
            await asyncio.sleep(0)
            if current_ids() != own or await asyncio.to_thread(current_ids) != own:
                return False
        clear_ids()
        return current_ids() == {}

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*map(request, range(50)))

    assert all(asyncio.run(all_at_once()))


def test_threads_do_not_share_ids() -> None:
    """An id bound in one thread is not visible in another."""
    seen: list[dict[str, str]] = []
    bind_ids(request_id="main-thread")
    thread = threading.Thread(target=lambda: seen.append(current_ids()))
    thread.start()
    thread.join()
    clear_ids()
    assert seen == [{}]
