"""Dead letters of a real worker."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import DeadLetterError, NotFoundError
from securenet_obs.workers.dead_letters import (
    Letter,
    list_letters,
    requeue_letter,
    show_letter,
)
from securenet_obs.workers.letter_filter import LetterFilter
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("store")

HEADERS = {"securenet_request_id": "req-of-the-test", "securenet_tenant_id": "acme"}
REQUEUE = """
import sys
import faulty_tasks
from securenet_obs.workers.dead_letters import requeue_letter
print(requeue_letter(int(sys.argv[1])))
"""


def letter_of(task_id: str, times: int = 1, deadline_s: float = 60) -> Letter:
    """Wait for a task's dead letter, and return it."""

    def look() -> Letter | None:
        ours = (row for row in list_letters() if row.task_id == task_id and row.times >= times)
        return next(ours, None)

    letter = eventually(look, deadline_s)
    assert letter is not None, task_id
    return letter


def requeue(target: Any, letter: Letter) -> subprocess.CompletedProcess[str]:
    """Requeue a letter from a separate process, as an operator does."""
    command = [sys.executable, "-c", REQUEUE, str(letter.id)]
    environment = {**os.environ, **target.environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("task", "reason", "error"),
    [
        ("tested.fails_until", "failed", "ValueError"),
        ("tested.hangs", "timeout", "TimeLimitExceeded"),
        ("tested.overruns", "timeout", "SoftTimeLimitExceeded"),
        ("tested.is_away", "retries_exhausted", "OperationalError"),
    ],
)
def test_a_permanent_failure_is_recorded(
    target: Any, task: str, reason: str, error: str, tmp_path: Path
) -> None:
    """A letter has the reason, the error, the ids and the arguments."""
    arguments = [str(tmp_path / "never")] if task == "tested.fails_until" else []
    sent = target.send(task, *arguments, headers=HEADERS)
    letter = letter_of(sent.id)
    assert (letter.task, letter.reason, letter.error) == (task, reason, error)
    assert (letter.tenant_id, letter.request_id) == ("acme", "req-of-the-test")
    assert (letter.arguments, letter.redacted) == ({"args": arguments, "kwargs": {}}, False)
    assert "Traceback" in letter.traceback or reason == "timeout"
    assert (letter.times, letter.requeued_at) == (1, None)


def test_no_secret_is_recorded(target: Any, tmp_path: Path) -> None:
    """Arguments, message and traceback are masked, and a masked letter cannot be requeued."""
    secret = "hush-0123456789abcdef"
    sent = target.send("tested.fails_until", str(tmp_path / "never"), kwargs={"password": secret})
    letter = letter_of(sent.id)
    assert letter.redacted is True
    assert "[redacted]" in letter.message
    assert secret not in repr(letter)
    with pytest.raises(DeadLetterError, match="masked"):
        requeue_letter(letter.id)
    assert show_letter(letter.id).requeued_at is None


@pytest.mark.slow
def test_a_letter_is_requeued_once(target: Any, tmp_path: Path) -> None:
    """The same task succeeds in the same request; a second requeue is refused with the reason."""
    sent = target.send("tested.fails_until", str(tmp_path / "marker"), headers=HEADERS)
    letter = letter_of(sent.id)
    (tmp_path / "marker").touch()
    assert requeue(target, letter).stdout.split()[-1] == sent.id
    line = target.line("task_succeeded", sent.id)
    assert (line["request_id"], line["tenant_id"]) == ("req-of-the-test", "acme")
    assert show_letter(letter.id).requeued_at is not None
    assert letter not in list_letters(wanted=LetterFilter(is_open=True))
    refused = requeue(target, letter)
    assert "was already requeued, at 20" in refused.stderr


@pytest.mark.slow
def test_a_second_failure_updates_the_letter(target: Any, tmp_path: Path) -> None:
    """The letter has the number and times of its failures, and stays requeued."""
    sent = target.send("tested.fails_until", str(tmp_path / "never"))
    first = letter_of(sent.id)
    requeue(target, first)
    again = letter_of(sent.id, times=2)
    assert again.id == first.id
    assert again.first_at == first.first_at < again.last_at
    assert again.requeued_at is not None


def test_a_diagnostic_failure_is_not_recorded(target: Any) -> None:
    """Validations fail tasks on purpose."""
    sent = target.send("raise_diagnostic_error", "canary", "hunter2hunter2", "acme")
    target.line("task_failed", sent.id)
    time.sleep(0.2)
    assert sent.id not in {letter.task_id for letter in list_letters()}


def test_an_unknown_letter_is_not_found() -> None:
    """The error contains the requested number."""
    with pytest.raises(NotFoundError, match="4711"):
        show_letter(4711)
