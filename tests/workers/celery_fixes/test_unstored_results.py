"""Results that Redis refuses are kept, stored later in order, and bounded."""

from typing import Any

import pytest
from redis.exceptions import OutOfMemoryError
from structlog.testing import capture_logs

from securenet_obs.workers.celery_fixes import unstored_results
from securenet_obs.workers.celery_fixes.unstored_results import UnstoredResults
from tests.waiting import eventually


class Store:
    """A store that refuses until `accepts` is set."""

    def __init__(self) -> None:
        self.accepts = False
        self.stored: list[Any] = []

    def __call__(self, result: Any) -> None:
        """Store a result."""
        if not self.accepts:
            raise OutOfMemoryError
        self.stored.append(result)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again after a moment."""
    monkeypatch.setattr(unstored_results, "RETRY_S", 0.05)


def test_results_are_stored_when_redis_accepts() -> None:
    """All of them, in order, without another task that would have to end; the log has two lines."""
    store = Store()
    unstored = UnstoredResults(store)
    with capture_logs() as lines:
        for number in range(3):
            unstored.keep((number,), OutOfMemoryError())
        store.accepts = True
        assert eventually(lambda: len(store.stored) == 3)
        assert eventually(lambda: lines[-1]["event"] == "results_stored")
    assert store.stored == [0, 1, 2]
    assert [(line["event"], line.get("reason")) for line in lines] == [
        ("results_delayed", "OOM"),
        ("results_stored", None),
    ]


def test_a_later_outage_is_survived_too() -> None:
    """The thread that has ended is replaced."""
    store = Store()
    unstored = UnstoredResults(store)
    for number in range(2):
        store.accepts = False
        unstored.keep((number,), OutOfMemoryError())
        store.accepts = True
        assert eventually(lambda: len(store.stored) == number + 1)  # noqa: B023 called at once


def test_the_oldest_of_too_many_is_lost_and_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long outage fills no memory."""
    monkeypatch.setattr(unstored_results, "MAX_KEPT", 2)
    monkeypatch.setattr(unstored_results, "RETRY_S", 60)
    store = Store()
    unstored = UnstoredResults(store)
    with capture_logs() as lines:
        for number in range(3):
            unstored.keep((number,), OutOfMemoryError())
    assert [line["event"] for line in lines] == ["results_delayed", "result_not_stored"]
    store.accepts = True
    assert unstored.store_all()
    assert store.stored == [1, 2]


@pytest.mark.parametrize("accepts", [True, False])
def test_a_process_that_ends_stores_them_or_logs_their_loss(accepts: bool) -> None:
    """It tries once more."""
    store = Store()
    unstored = UnstoredResults(store)
    unstored.keep((0,), OutOfMemoryError())
    store.accepts = accepts
    with capture_logs() as lines:
        unstored.give_up()
    assert store.stored == ([0] if accepts else [])
    lost = [line["count"] for line in lines if line["event"] == "results_lost"]
    assert lost == ([] if accepts else [1])
