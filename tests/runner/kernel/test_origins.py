"""Origins: distinguishes the current cell's work from leftovers of earlier cells."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest

from securenet_obs.runner.kernel.origins import Origins


@pytest.fixture
def origins(monkeypatch: pytest.MonkeyPatch) -> Origins:
    """Return origins that watch threads, tasks and futures until the test ends."""
    for owner, name in (
        (threading.Thread, "start"),
        (asyncio.BaseEventLoop, "create_task"),
        (asyncio.BaseEventLoop, "create_future"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    watching = Origins()
    watching.watch()
    return watching


def started_by(begin: Callable[[], None], run: Callable[[], Any]) -> Any:
    """Run a cell in a context of its own, as a kernel does, and return its result."""

    def cell() -> Any:
        begin()
        return run()

    return copy_context().run(cell)


@pytest.mark.parametrize("others", [0, 1])
def test_a_thread_belongs_to_the_cell_that_started_it(others: int, origins: Origins) -> None:
    """A thread, and a thread that it starts, belong to their cell until the next cell begins."""
    answers, waits = [], threading.Event()

    def asks() -> None:
        waits.wait(20)
        inner = threading.Thread(target=lambda: answers.append(origins.is_here()))
        inner.start()
        inner.join()

    thread = threading.Thread(target=asks)
    started_by(origins.begin, thread.start)
    for _ in range(others):
        started_by(origins.begin, lambda: None)
    waits.set()
    thread.join()
    assert answers == [others == 0]


@pytest.mark.parametrize("others", [0, 1])
def test_futures_and_callbacks_belong_to_the_cell_that_made_them(
    others: int, origins: Origins
) -> None:
    """Tasks, futures and handles belong to their cell in every report of an event loop."""
    loop = asyncio.new_event_loop()
    handles = started_by(
        origins.begin,
        lambda: (
            loop.create_task(asyncio.sleep(0)),
            loop.create_future(),
            loop.call_soon(int),
        ),
    )
    for _ in range(others):
        started_by(origins.begin, lambda: None)
    contexts = [
        {name: value} for name, value in zip(("task", "future", "handle"), handles, strict=True)
    ]
    assert [origins.is_of(context) for context in contexts] == [others == 0] * 3
    loop.run_until_complete(handles[0])
    loop.close()


def test_work_outside_of_cells_belongs_to_no_cell(origins: Origins) -> None:
    """Work outside the cells, such as start-up files, belongs to no cell."""
    started_by(origins.begin, lambda: None)
    assert origins.is_here() is False
    assert origins.is_of({"message": "a transport"}) is False


def test_a_leftover_with_the_number_of_a_gone_future_is_not_the_cells(origins: Origins) -> None:
    """Python gives the number of an object that is gone to the next; its error would be allowed."""
    loop = asyncio.new_event_loop()
    leftover = copy_context()
    leftover.run(origins.begin)

    def reuses_a_number() -> bool:
        number = id(loop.create_future())
        future = leftover.run(loop.create_future)
        assert not origins.is_of({"future": future})
        return id(future) == number

    def cell() -> bool:
        origins.begin()
        return any(reuses_a_number() for _ in range(1000))

    assert copy_context().run(cell)
    loop.close()
