"""Revoking needs a worker; requeueing sends each letter once, and names those that it cannot."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from securenet_obs.errors import ActionError, DeadLetterError
from securenet_obs.oncall.actions import tasks
from securenet_obs.oncall.actions.tasks import requeue_letters, revoke_run, revoke_task
from securenet_obs.probes.celery.executions import Execution
from securenet_obs.settings import Settings
from securenet_obs.workers.dead_letters import Letter
from tests.conftest import RedisServer
from tests.held_messages import KEYS, hold

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def letter(number: int, requeued_at: datetime | None = None) -> Letter:
    """Return a dead letter."""
    values: dict[str, Any] = dict.fromkeys(Letter.__dataclass_fields__)
    return Letter(**{**values, "id": number, "task_id": f"t{number}", "requeued_at": requeued_at})


def test_without_a_worker_a_revocation_fails(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers keep revocations in their memory: without one, nothing is revoked or ended."""
    monkeypatch.setattr(tasks, "_ANSWER_S", 0.2)
    settings = Settings(**{name.lower(): value for name, value in redis_server.environment.items()})
    action = revoke_task(settings, "t1", "scan")
    assert action.read_state() == {"task": "t1", "name": "scan"}
    run = Execution("t1", "scan", "worker@a", 7, 0.0, False)
    for each in (action, revoke_run(settings, run, dict)):
        with pytest.raises(ActionError, match="no worker has confirmed"):
            each.run()


def test_a_revocation_leaves_messages_in_flight_with_their_worker(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for answers as kombu does, it put those back that a worker has held for an hour."""
    monkeypatch.setattr(tasks, "_ANSWER_S", 0.2)
    url = redis_server.environment["REDIS_URL"]
    with redis.Redis.from_url(url) as client:
        hold(client, "tag", age_s=86_400)
        try:
            with pytest.raises(ActionError, match="no worker has confirmed"):
                revoke_task(Settings(redis_url=url), "t1", "scan").run()
            assert client.hexists("unacked", "tag")
        finally:
            client.delete(*KEYS)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Return a function that puts letters into the store; it returns the list of those sent."""

    def put(*letters: Letter, refused: int = 0) -> list[int]:
        sent: list[int] = []

        def requeue(number: int) -> str:
            if number == refused:
                raise DeadLetterError(f"letter {number} is refused")
            sent.append(number)
            return f"t{number}"

        known = {row.id: row for row in letters}
        monkeypatch.setattr(tasks, "show_letter", known.__getitem__)
        monkeypatch.setattr(tasks, "requeue_letter", requeue)
        return sent

    return put


def test_a_letter_is_sent_once(store: Callable[..., list[int]]) -> None:
    """One that was sent before is left: a repetition has the effect of once."""
    letters = [letter(1), letter(2, NOW)]
    sent = store(*letters)
    action = requeue_letters(letters, "task scan")
    assert action.does == "send the tasks of 2 dead letters again (task scan): 1, 2"
    assert action.read_state() == {"1": "t1", "2": "t2"}
    assert action.run() == "1 of 2 tasks were sent; the others had been sent before"
    assert sent == [1]


def test_a_refused_letter_does_not_keep_the_others_back(store: Callable[..., list[int]]) -> None:
    """The error names it."""
    letters = [letter(1), letter(2)]
    sent = store(*letters, refused=1)
    with pytest.raises(ActionError, match="1 were sent, 1 were not: letter 1 is refused"):
        requeue_letters(letters, "task scan").run()
    assert sent == [2]
