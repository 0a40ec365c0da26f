"""Explains a single task: its outcome, and whether its result is a value, None, ignored or lost."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from redis import Redis

from securenet_obs.probes.ledger.places import find_places
from securenet_obs.probes.ledger.records import EndedTask, SentTask, read_ended, read_sent
from securenet_obs.probes.ledger.results_state import read_results_state

RESULT_KEY = "celery-task-meta-{task_id}"

ResultKind = Literal["value", "None", "error", "ignored", "expired", "lost", "none yet", "unknown"]

_SENTENCES = {
    "value": "It ended as SUCCESS and returned a value.",
    "None": "It ended as SUCCESS and returned None.",
    "ignored": "It ended as {state}. No result is stored, since it was sent with ignore_result.",
    "expired": "It ended as {state}. Its result has expired or was deleted.",
}


@dataclass(frozen=True)
class TaskAccount:
    """Outcome of one task, with the sentence that explains it."""

    id: str
    result: ResultKind
    sentence: str

    @property
    def is_accounted_for(self) -> bool:
        """Whether the task ended, or its message is in Redis."""
        return self.result not in {"lost", "unknown"}


def explain_task(broker: Redis, results: Redis, task_id: str, now: float) -> TaskAccount:
    """Return the account of a task, by its id, from records of the last day.

    Args:
        broker: client of the broker.
        results: client of the result database.
        task_id: id of the task.
        now: Unix seconds.
    """
    sent = read_sent(broker, 0, now).get(task_id)
    result, sentence = _explain_end(results, task_id) or _explain_place(
        broker, results, task_id, sent
    )
    origin = f"{sent.task}, sent to {sent.queue}. " if sent else ""
    return TaskAccount(task_id, result, f"{task_id}: {origin}{sentence}")


def _explain_end(results: Redis, task_id: str) -> tuple[ResultKind, str] | None:
    """Return the result of a task that has ended, None if it has not."""
    stored: Any = results.get(RESULT_KEY.format(task_id=task_id))
    if stored is not None:
        meta = json.loads(stored)
        if meta["status"] == "SUCCESS":
            kind: ResultKind = "None" if meta["result"] is None else "value"
            return kind, _SENTENCES[kind]
        if meta["status"] in {"FAILURE", "REVOKED"}:
            return "error", f"It ended as {meta['status']}: {meta['result'].get('exc_type')}."
    ended: EndedTask | None = read_ended(results, 0).get(task_id)
    if ended is None:
        return None
    kind = "ignored" if ended.is_ignored else "expired"
    return kind, _SENTENCES[kind].format(state=ended.state)


def _explain_place(
    broker: Redis, results: Redis, task_id: str, sent: SentTask | None
) -> tuple[ResultKind, str]:
    place = find_places(broker, [sent.queue] if sent else []).get(task_id)
    if place is not None:
        return "none yet", f"It has not ended: its message is {place}."
    if sent is None:
        return "unknown", "No record of the last day has this id."
    reason = read_results_state(results).explain(sent.sent_at)
    if reason:
        return "lost", f"Its message is nowhere in Redis, and its end is unknown: {reason}."
    return "lost", "It is missing: it has not ended, and its message is nowhere in Redis."
