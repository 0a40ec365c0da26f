"""Training of a tenant's models on the store's history."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from securenet_obs.detection.anomaly.histories import order
from securenet_obs.detection.anomaly.models import (
    KEEP_VERSIONS,
    promoted_versions,
    set_alarm_budget,
)
from securenet_obs.detection.anomaly.readings import Reading
from securenet_obs.detection.anomaly.series.baseline import MIN_VALUES
from securenet_obs.detection.anomaly.training import AnomalyDetector, train
from securenet_obs.store import AnomalyModelVersion, NetworkMinute, ensure_tenant, session_scope
from tests.detection.anomaly.samples import daily

START = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("empty_store")


def store(values: Iterable[int], first: int = 0) -> None:
    """Store minutes of the tenant with these numbers of records."""
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.flush()
        for number, value in enumerate(values, first):
            at = START + timedelta(minutes=number)
            session.merge(
                NetworkMinute(tenant_id="acme", minute=at, records=value, octets=100 * value)
            )


def noisy(number: int, level: int = 100) -> list[int]:
    """Return values near a level."""
    chance = random.Random(number)
    return [level + chance.randrange(10) for _ in range(number)]


def versions() -> list[AnomalyModelVersion]:
    """Return the versions of the models of records, oldest first."""
    table = AnomalyModelVersion
    with session_scope() as session:
        query = select(table).where(table.metric == "records").order_by(table.version)
        return list(session.scalars(query))


def retrain(window: str | None = None) -> dict[str, Any]:
    """Train the tenant's models."""
    return AnomalyDetector().retrain_model("acme", window)


def test_a_model_has_its_span_its_digest_and_its_error() -> None:
    """The row in the store and the result describe the model alike."""
    store(noisy(100))
    result = retrain()
    assert result["trained"] is True
    assert result["minutes"] == 100
    (model,) = versions()
    described = result["metrics"]["records"]
    assert described["outcome"] == "promoted"
    assert (model.version, model.points, model.promoted) == (1, 100, True)
    assert model.first_at == START
    assert model.last_at == START + timedelta(minutes=99)
    assert described["data_digest"] == model.data_digest
    assert described["held_back_error"] == model.held_back_error
    assert 0 < model.held_back_error < 10


def test_the_same_history_has_the_same_digest_and_the_same_model() -> None:
    """A second training makes the next version; another history has another digest."""
    store(noisy(100))
    retrain()
    retrain()
    store([500], first=100)
    retrain()
    first, second, third = versions()
    assert [first.version, second.version, third.version] == [1, 2, 3]
    assert first.data_digest == second.data_digest != third.data_digest
    assert first.content == second.content


def test_a_model_that_is_worse_on_the_held_back_values_is_kept_not_promoted() -> None:
    """A history that was spoilt after the first training expects wrong values."""
    store(noisy(200))
    retrain()
    store([*noisy(300, level=5000), *noisy(60)], first=200)
    outcome = retrain()["metrics"]["records"]
    assert outcome["outcome"].startswith("kept: ")
    assert outcome["promoted"] is False
    assert [model.promoted for model in versions()] == [True, False]
    with session_scope() as session:
        assert promoted_versions(session, "acme")["records"] == 1
    store(noisy(300), first=200)
    assert retrain()["metrics"]["records"]["outcome"] == "promoted"


def test_without_new_values_there_is_no_comparison() -> None:
    """A model that has learned the held-back values would always be better."""
    store(noisy(200))
    retrain()
    store(noisy(9), first=200)
    assert retrain()["metrics"]["records"]["outcome"] == "promoted"


@pytest.mark.slow
def test_old_versions_are_deleted_but_not_the_promoted_one() -> None:
    """The number of versions is bounded."""
    store(noisy(200))
    retrain()
    store([*noisy(300, level=5000), *noisy(60)], first=200)
    for _ in range(KEEP_VERSIONS + 2):
        retrain()
    kept = [model.version for model in versions()]
    assert kept == [1, *range(5, KEEP_VERSIONS + 4)]
    assert len(kept) == KEEP_VERSIONS


def test_too_little_data_returns_the_reason() -> None:
    """A tenant with too few minutes, or none, gets the reason, not an error."""
    assert retrain()["reason"] == f"{MIN_VALUES} values are needed, 0 are there"
    store(noisy(MIN_VALUES - 1))
    result = retrain()
    assert result["trained"] is False
    assert result["minutes"] == MIN_VALUES - 1
    assert result["metrics"]["records"]["outcome"] == "unfit"
    assert versions() == []


def test_a_constant_history_has_a_model_that_says_so() -> None:
    """A model of equal values is promoted; its outcome names them."""
    store([7] * 100)
    assert retrain()["metrics"]["records"]["outcome"] == "promoted: constant"


def test_a_window_is_trained_once() -> None:
    """A second training for the same window changes nothing; one for the next window does."""
    first = retrain("2026-01-01T02:00Z")
    store(noisy(50))
    assert retrain("2026-01-01T02:00Z") == first
    assert first["trained"] is False
    assert retrain("2026-01-02T02:00Z")["trained"] is True


def test_concurrent_first_trainings_all_succeed() -> None:
    """Trainings of different windows store their versions one after another."""
    store(noisy(20))
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: retrain(f"w{n}"), range(18)))
    assert all(result["trained"] for result in results)
    assert versions()[-1].version == 18


def test_one_window_trained_twice_at_once_has_one_version() -> None:
    """Of concurrent trainings of one window each has the same result."""
    store(noisy(20))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: retrain("w"), range(4)))
    assert [model.version for model in versions()] == [1]
    assert all(result == results[0] for result in results)


def test_the_newest_day_is_held_back() -> None:
    """A model of days expects the daily course of the last one."""
    points = daily(6, step_s=600)
    readings = [Reading(datetime.fromtimestamp(at, UTC), value) for at, value in points]
    assert train(order(readings)).held_back_error < 3
    readings[-100:] = [Reading(at, 300.0) for at, _ in readings[-100:]]
    assert train(order(readings)).held_back_error > 50


def test_a_tenant_with_a_budget_has_models_with_it() -> None:
    """The state of the detector holds the threshold that follows from the history."""
    store(noisy(100))
    with session_scope() as session:
        set_alarm_budget(session, "acme", 3)
    retrain()
    budget = versions()[0].content["budget"]
    assert budget["per_week"] == 3
    assert budget["latest_s"] == (START + timedelta(minutes=99)).timestamp()
