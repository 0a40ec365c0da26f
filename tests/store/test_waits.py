"""Upper bounds of waits; tests/api/test_waits.py measures them."""

from dataclasses import asdict

import pytest

from securenet_obs.store.waits import REQUEST, TASK, Waits


@pytest.mark.parametrize("waits", [REQUEST, TASK])
def test_the_server_cancels_a_statement_before_it_is_given_up(waits: Waits) -> None:
    """An answer, or the server's own error, is awaited longer than a statement may take."""
    assert waits.answer_s > max(waits.statement_s, waits.lock_s)


def test_a_request_waits_shorter_than_a_task() -> None:
    """Each bound of a request is below that of a task."""
    request, task = asdict(REQUEST), asdict(TASK)
    assert [name for name in request if request[name] >= task[name]] == []
