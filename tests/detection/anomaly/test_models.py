"""Models in the store."""

from datetime import UTC, datetime, timedelta

import pytest

from securenet_obs.detection.anomaly.histories import order
from securenet_obs.detection.anomaly.models import (
    ModelKey,
    alarm_budget,
    load_models,
    promoted_versions,
    set_alarm_budget,
    store_models,
    trained_at,
)
from securenet_obs.detection.anomaly.readings import Reading
from securenet_obs.detection.anomaly.training import train
from securenet_obs.store import AnomalyModel, ensure_tenant, session_scope

START = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("empty_store")

HISTORY = order(Reading(START + timedelta(minutes=n), float(n % 9)) for n in range(60))


def test_a_stored_model_judges_as_the_trained_one() -> None:
    """The detector that is loaded continues after the history."""
    model = train(HISTORY)
    with session_scope() as session:
        ensure_tenant(session, "acme")
        assert store_models(session, "acme", {"records": model}) == {"records": 1}
    with session_scope() as session:
        loaded = load_models(session, "acme")["records"]
        key = ModelKey("acme", "records", 1)
        assert trained_at(session, key) == loaded.trained_at
        assert trained_at(session, key._replace(version=2)) is None
    at = (START + timedelta(hours=2)).timestamp()
    assert (loaded.version, loaded.last_at) == (1, START + timedelta(minutes=59))
    assert loaded.detector.judge(at, 500.0) == model.detector.judge(at, 500.0)


def test_promotions_of_other_metrics_stay() -> None:
    """A training of one metric does not touch the promoted version of another."""
    with session_scope() as session:
        ensure_tenant(session, "acme")
        for metric in ("records", "octets", "records"):
            store_models(session, "acme", {metric: train(HISTORY)})
        assert promoted_versions(session, "acme") == {"records": 2, "octets": 1}
        assert promoted_versions(session, "other") == {}


def test_parameters_of_an_earlier_schema_count_as_no_model() -> None:
    """A process of the version before may still store its own."""
    parameters = {"records": {"median": 1.0, "scale": 1.0}}
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.flush()
        session.add(AnomalyModel(tenant_id="acme", trained_at=START, parameters=parameters))
    with session_scope() as session:
        assert load_models(session, "acme") == {}


def test_an_alarm_budget_is_kept_and_used_by_the_next_training() -> None:
    """A tenant's wish and its promoted models share a row, and do not replace each other."""
    with session_scope() as session:
        assert alarm_budget(session, "acme") is None
        set_alarm_budget(session, "acme", 3)
        store_models(session, "acme", {"records": train(HISTORY)})
        assert alarm_budget(session, "acme") == 3
        set_alarm_budget(session, "acme", None)
        assert alarm_budget(session, "acme") is None
        assert promoted_versions(session, "acme") == {"records": 1}
