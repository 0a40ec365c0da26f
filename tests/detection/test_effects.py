"""Idempotent effects."""

import threading

import pytest

from securenet_obs.detection.effects import Effect
from securenet_obs.store import session_scope

EFFECT = Effect("acme", "scan", "2026-11-23T06:00Z")


def test_the_first_claim_wins(empty_store: None) -> None:
    """A second claim is refused, and the result of the first is available."""
    with session_scope() as session:
        assert EFFECT.earlier_result(session) is None
        assert EFFECT.claim(session, {"n": 1}) is True
    with session_scope() as session:
        assert EFFECT.claim(session, {"n": 2}) is False
        assert EFFECT.earlier_result(session) == {"n": 1}


@pytest.mark.parametrize("other", [Effect("b", "scan", EFFECT.window), Effect("acme", "scan", "x")])
def test_claims_are_per_tenant_and_window(empty_store: None, other: Effect) -> None:
    """A claim does not affect other tenants or windows."""
    with session_scope() as session:
        assert EFFECT.claim(session, {}) is True
        assert other.claim(session, {}) is True


def test_a_failed_transaction_releases_the_claim(empty_store: None) -> None:
    """The claim is rolled back with the transaction of its effect."""

    def fail() -> None:
        with session_scope() as session:
            EFFECT.claim(session, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with session_scope() as session:
        assert EFFECT.claim(session, {}) is True


def test_one_of_many_concurrent_claims_wins(empty_store: None) -> None:
    """Later claims wait until the first transaction ends."""
    claims = []

    def claim() -> None:
        with session_scope() as session:
            claims.append(EFFECT.claim(session, {}))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claims) == [False] * 7 + [True]


def test_a_claimed_effect_is_completed_in_the_same_transaction(empty_store: None) -> None:
    """The result that later runs get is the complete one."""
    with session_scope() as session:
        assert EFFECT.claim(session, {}) is True
        EFFECT.complete(session, {"n": 3})
    with session_scope() as session:
        assert EFFECT.earlier_result(session) == {"n": 3}
