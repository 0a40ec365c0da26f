"""Effects that are had once."""

import threading

import pytest

from securenet_obs.detection.effects import Effect
from securenet_obs.store import session_scope

EFFECT = Effect("acme", "scan", "2026-11-23T06:00Z")


def test_the_first_claim_wins(empty_store: None) -> None:
    """Another one is told so, and finds what came of the first."""
    with session_scope() as session:
        assert EFFECT.earlier_result(session) is None
        assert EFFECT.claim(session, {"n": 1}) is True
    with session_scope() as session:
        assert EFFECT.claim(session, {"n": 2}) is False
        assert EFFECT.earlier_result(session) == {"n": 1}


@pytest.mark.parametrize("other", [Effect("b", "scan", EFFECT.window), Effect("acme", "scan", "x")])
def test_every_tenant_and_window_is_its_own(empty_store: None, other: Effect) -> None:
    """A claim of one says nothing of another."""
    with session_scope() as session:
        assert EFFECT.claim(session, {}) is True
        assert other.claim(session, {}) is True


def test_what_failed_was_not_had(empty_store: None) -> None:
    """The claim goes with the transaction that was to have the effect."""

    def fail() -> None:
        with session_scope() as session:
            EFFECT.claim(session, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with session_scope() as session:
        assert EFFECT.claim(session, {}) is True


def test_of_many_at_once_one_wins(empty_store: None) -> None:
    """Whoever comes second waits for how the first ends."""
    won = []

    def claim() -> None:
        with session_scope() as session:
            won.append(EFFECT.claim(session, {}))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
