"""What a reader learns of a task."""

from typing import Any

import pytest

from securenet_obs.errors import UnreachableError
from securenet_obs.monitoring.task_signals import EVENT_KEY
from securenet_obs.settings import Settings
from securenet_obs.workers import results
from securenet_obs.workers.celery_app import create_celery


@pytest.fixture
def app(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the reader use the test's Redis."""
    settings = Settings(redis_url=environment["REDIS_URL"], result_url=environment["RESULT_URL"])
    app = create_celery(settings)
    monkeypatch.setattr(results, "celery_app", app)
    return app


def test_a_success_has_its_result(app: Any) -> None:
    """State and result, no error and no event."""
    app.backend.store_result("done", {"n": 1}, "SUCCESS")
    state = results.task_state("done")
    assert (state.state, state.result, state.error, state.event_id) == (
        "SUCCESS",
        {"n": 1},
        None,
        None,
    )


def test_a_failure_has_its_error_and_event(app: Any) -> None:
    """Type and message as the task raised them, and the event that tells of it."""
    app.backend.store_result("failed", KeyError("missing"), "FAILURE")
    app.backend.client.set(EVENT_KEY.format(task_id="failed"), "e" * 32)
    state = results.task_state("failed")
    assert (state.state, state.result, state.event_id) == ("FAILURE", None, "e" * 32)
    assert state.error == {"type": "KeyError", "message": "'missing'"}


def test_an_unknown_task_is_pending(app: Any) -> None:
    """Redis keeps no list of what was sent."""
    state = results.task_state("never-sent")
    assert (state.state, state.result, state.error) == ("PENDING", None, None)


def test_a_backend_that_is_away_is_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not reachable is not the same as pending."""
    gone = create_celery(Settings(redis_url="redis://127.0.0.1:1/0"))
    monkeypatch.setattr(results, "celery_app", gone)
    with pytest.raises(UnreachableError):
        results.task_state("any")
