"""Judgements of minutes do not depend on the batches in which their records come."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from securenet_obs.detection.anomaly import AnomalyDetector, ThreatDetectionService
from securenet_obs.detection.anomaly.continuation import (
    MAX_SPAN,
    MAX_STATES,
    TRAIL,
    Continuation,
    States,
    continue_model,
)
from securenet_obs.detection.anomaly.models import ModelKey
from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.detection.network.stored.minutes import count_batch
from securenet_obs.store import NetworkMinute, ensure_tenant, session_scope
from tests.detection.anomaly.samples import daily

pytestmark = pytest.mark.usefixtures("empty_store")

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
HISTORY = 600
KEY = ModelKey("acme", "octets", 1)


@pytest.fixture
def series() -> list[int]:
    """Return values of which the first are learned; then come a spike and a shift."""
    values = [round(1000 * value) for _, value in daily(3.0)][: HISTORY + 60]
    values[HISTORY + 20] *= 3
    values[HISTORY + 40 :] = [8 * value for value in values[HISTORY + 40 :]]
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.flush()
        for number, value in enumerate(values[:HISTORY]):
            at = START + number * STEP
            session.add(NetworkMinute(tenant_id="acme", minute=at, records=2, octets=value))
    assert AnomalyDetector().retrain_model("acme")["trained"]
    return values


def records(series: Iterable[int], first: int = HISTORY) -> Iterator[dict[str, Any]]:
    """Yield two records of each value."""
    for number, value in enumerate(list(series)[first:], first):
        at = (START + number * STEP).isoformat()
        # Of two addresses: equal batches would count once.
        for host, part in enumerate((value // 2, value - value // 2)):
            yield {
                "timestamp": at, "bytes": part,
                "src_ip": f"192.0.2.{host}", "dest_ip": "192.0.2.9",
            }  # fmt: skip


def arrive(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Judge and count a batch; return metric and time of its anomalies."""
    batch = normalise_batch(items)
    found = ThreatDetectionService().detect_in_batch("acme", batch)["anomalies"]
    with session_scope() as session:
        count_batch(session, "acme", batch)
    return [(one["metric"], one["timestamp"]) for one in found]


def continuation(number: int, states: States) -> Continuation:
    """Return the continuation of the model for a batch of one minute."""
    at = START + number * STEP
    with session_scope() as session:
        found = continue_model(session, KEY, at, at, states)
    assert found is not None
    return found


def test_the_anomalies_are_the_same_however_records_are_cut(series: list[int]) -> None:
    """Whole, and in batches that end anywhere: a spike and a shift, each once."""
    given = list(records(series))
    whole = ThreatDetectionService().detect_in_batch("acme", normalise_batch(given))["anomalies"]
    expected = [(one["metric"], one["timestamp"]) for one in whole if one["metric"] == "octets"]
    assert len(expected) == 2
    chance, found = random.Random(5), []
    while given:
        number = chance.choice([1, 1, 2, 3, 7])
        found += [one for one in arrive(given[:number]) if one[0] == "octets"]
        del given[:number]
    assert found == expected


def test_a_repeated_batch_is_no_anomaly(series: list[int]) -> None:
    """Its values are in the store already, and do not count twice."""
    given = list(records(series))[:20]
    assert arrive(given) == []
    assert arrive(given) == []


def test_more_records_of_an_anomaly_are_no_second_one(series: list[int]) -> None:
    """A minute is reported by the batch that makes it an anomaly."""
    spike = list(records(series[: HISTORY + 21]))
    assert "octets" in [metric for metric, _ in arrive(spike)]
    assert "octets" not in [metric for metric, _ in arrive([spike[-1] | {"bytes": 1}])]


def test_an_old_model_does_not_judge_its_whole_time_again(series: list[int]) -> None:
    """A bounded number of stored minutes is judged before a batch."""
    later = HISTORY + round(10 * MAX_SPAN / STEP)
    arrive(list(records(series[: HISTORY + 5])))
    assert continuation(later, States()).stored == {}
    assert continuation(later, States()).state.through == START + later * STEP - MAX_SPAN


def test_a_kept_state_saves_the_minutes_before_it(series: list[int]) -> None:
    """The next batch judges the latest minutes alone, with the same result."""
    states = States()
    arrive(list(records(series[: HISTORY + 20])))
    first = continuation(HISTORY + 20, states)
    assert len(first.stored) == 20
    value = {START + (HISTORY + 20) * STEP: series[HISTORY + 20]}
    found = first.find_anomalies(value)
    again = continuation(HISTORY + 20, states)
    assert len(again.stored) == TRAIL / STEP - 1
    assert found
    assert again.find_anomalies(value) == found


def test_late_records_are_judged_with_the_others(series: list[int]) -> None:
    """A kept state without them is not used."""
    states = States()
    arrive(list(records(series[: HISTORY + 20])))
    continuation(HISTORY + 20, states).find_anomalies({START + (HISTORY + 20) * STEP: 1})
    arrive([record | {"src_ip": "192.0.2.8"} for record in records(series[: HISTORY + 1])])
    assert len(continuation(HISTORY + 20, states).stored) == 20


def test_the_state_of_another_model_is_not_used(series: list[int]) -> None:
    """A new store has the same versions of other models."""
    states = States()
    state = continuation(HISTORY, states).state
    states.keep(KEY, replace(state, trained_at=START, content=b"{}"))
    assert continuation(HISTORY, states).state == state


def test_a_process_keeps_a_bounded_number_of_states(series: list[int]) -> None:
    """The state that was not used for longest goes first."""
    states = States()
    state = continuation(HISTORY, states).state
    for number in range(MAX_STATES):
        states.keep(KEY._replace(version=number), state)
    assert states.get(KEY._replace(version=0))
    states.keep(KEY._replace(version=MAX_STATES), state)
    assert states.get(KEY._replace(version=0))
    assert states.get(KEY._replace(version=1)) is None


def test_a_model_that_is_gone_is_no_continuation(series: list[int]) -> None:
    """A training may delete an old version at any time."""
    with session_scope() as session:
        assert continue_model(session, KEY._replace(version=9), START, START) is None
