"""A target is held by one run at a time where that matters, across machines."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from securenet_obs.distributed import target_lease as module
from securenet_obs.distributed.target_lease import target_lease
from securenet_obs.runner.stop import Stop
from tests.waiting import eventually

pytestmark = pytest.mark.stack

Hold = Callable[..., Any]


@pytest.fixture
def hold(client: Any) -> Hold:
    """Return a function that holds a target, and yields why it had to wait."""

    @contextmanager
    def held(identity: str, *, exclusive: bool = False, api: str = "http://a") -> Iterator[str]:
        stop, reasons = Stop(), []

        def wait(reason: str) -> None:
            reasons.append(reason)
            stop.set()

        with target_lease(
            client,
            {"API_URL": api},
            identity,
            identity,
            exclusive=exclusive,
            stop=stop,
            on_wait=wait,
        ):
            yield "".join(reasons)

    return held


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({"identity": "a"}, {"identity": "b"}, ""),
        ({"identity": "a"}, {"identity": "a"}, "waits for a"),
        ({"identity": "a"}, {"identity": "a", "api": "http://b"}, ""),
        ({"identity": "a", "exclusive": True}, {"identity": "b"}, "waits for a"),
        ({"identity": "a"}, {"identity": "b", "exclusive": True}, "waits for a"),
    ],
)
def test_runs_share_a_target_unless_they_exclude_each_other(
    hold: Hold, first: dict[str, Any], second: dict[str, Any], reason: str
) -> None:
    """Different notebooks share it; the same one, and an exclusive one, do not."""
    with hold(**first), hold(**second) as seen:
        assert seen == reason


def test_a_lease_that_ended_is_free(hold: Hold) -> None:
    """The next run does not wait for one that has ended."""
    for _ in range(2):
        with hold("a", exclusive=True) as seen:
            assert seen == ""


def test_a_run_that_lost_its_lease_is_stopped(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was suspended for longer than a lease must not go on beside another one."""
    monkeypatch.setattr(module, "RENEWAL_S", 0.05)
    stop = Stop()
    with ExitStack() as held:
        held.enter_context(
            target_lease(client, {}, "a", "a", exclusive=True, stop=stop, on_wait=lambda _: None)
        )
        assert not stop.wait(0.3)
        client.flushdb()
        assert eventually(stop.is_set, 60)
        assert stop.reason == module.LOST
