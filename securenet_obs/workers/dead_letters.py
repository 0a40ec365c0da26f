"""Dead letters: records permanently failed tasks, late if the store fails; lists, requeues them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from billiard.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError
from celery import signals
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from securenet_obs.errors import (
    DeadLetterError,
    DiagnosticError,
    NotFoundError,
    PoisonTaskError,
)
from securenet_obs.monitoring import current_ids
from securenet_obs.redaction import redact, redact_text
from securenet_obs.store import DeadLetter, changed_rows, dialect_insert, session_scope
from securenet_obs.store.json_text import encode
from securenet_obs.workers import outbox
from securenet_obs.workers.celery_app import celery_app
from securenet_obs.workers.kept_letters import UNAVAILABLE, keep_letter, record_letters
from securenet_obs.workers.letter_filter import LetterFilter, Reason
from securenet_obs.workers.publishing import publish, restored_ids
from securenet_obs.workers.windows import WINDOW_HEADER

# Raised on purpose by every validation; raised by a batch that is already a dead letter.
_NOT_RECORDED = (DiagnosticError, DeadLetterError)

_MAX_CHARACTERS = 20_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Letter:
    """A dead letter, with secrets masked in arguments, message and traceback.

    `arguments` has `args`, a list, and `kwargs`, an object. `redacted` means that a secret in them
    was masked, so that the task cannot be requeued.
    """

    id: int
    task_id: str
    task: str
    tenant_id: str | None
    request_id: str | None
    window: str | None
    arguments: dict[str, Any]
    redacted: bool
    reason: Reason
    error: str
    message: str
    traceback: str
    first_at: datetime
    last_at: datetime
    times: int
    requeued_at: datetime | None


def connect_dead_letters() -> None:
    """Record every task that fails permanently from now on."""
    signals.task_failure.connect(_record_failure)


def list_letters(limit: int = 100, wanted: LetterFilter | None = None) -> list[Letter]:
    """Return dead letters, the most recent failure first.

    Args:
        limit: maximum number of dead letters.
        wanted: properties that they must have; by default all are returned.
    """
    rows = select(DeadLetter).order_by(DeadLetter.last_at.desc(), DeadLetter.id.desc())
    rows = rows.where(*(wanted or LetterFilter()).conditions())
    with session_scope() as session:
        return [_letter(row) for row in session.scalars(rows.limit(limit))]


def show_letter(letter_id: int) -> Letter:
    """Return a dead letter.

    Raises:
        NotFoundError: no dead letter has this number.
    """
    with session_scope() as session:
        return _letter(_row(session, letter_id))


def requeue_letter(letter_id: int) -> str:
    """Requeue a dead letter's task with its ids of task and request; return the task's id.

    Raises:
        NotFoundError: no dead letter has this number.
        DeadLetterError: it was requeued before, its arguments were masked, or its task is gone.
        PublishError: the broker did not accept it; the letter can still be requeued.
    """
    celery_app.loader.import_default_modules()
    with session_scope() as session:
        letter = _letter(_row(session, letter_id))
        task = celery_app.tasks.get(letter.task)
        if letter.redacted:
            raise DeadLetterError(
                f"Dead letter {letter_id}: a secret in its arguments was masked when it was "
                "recorded, so the task cannot be sent again from here. Send it from its source."
            )
        if task is None:
            raise DeadLetterError(
                f"Dead letter {letter_id}: task {letter.task} does not exist any more."
            )
        not_requeued = DeadLetter.id == letter_id, DeadLetter.requeued_at.is_(None)
        change = update(DeadLetter).where(*not_requeued).values(requeued_at=datetime.now(UTC))
        if changed_rows(session.execute(change)) == 0:
            raise DeadLetterError(
                f"Dead letter {letter_id} was already requeued, at {letter.requeued_at:%F %T} UTC. "
                f"Requeueing works once; check the state of task {letter.task_id}."
            )
        outbox.resume_publishing(session, letter.task_id)
        # Within the transaction: if the broker refuses the task, the letter stays unchanged.
        with restored_ids({"request_id": letter.request_id, "tenant_id": letter.tenant_id}):
            options: dict[str, Any] = {"task_id": letter.task_id}
            if letter.window is not None:
                options["headers"] = {WINDOW_HEADER: letter.window}
            arguments, keywords = letter.arguments["args"], letter.arguments["kwargs"]
            publish(task, *arguments, kwargs=keywords, **options)
    _log.info("dead_letter_requeued", letter=letter_id, sent_task_id=letter.task_id)
    return letter.task_id


def _record_failure(
    sender: Any,
    task_id: str,
    exception: BaseException,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
    einfo: Any,
    **_: object,
) -> None:
    """Record a failed task; if the store cannot, keep the dead letter until it can."""
    if isinstance(exception, _NOT_RECORDED) or sender.request.is_eager:
        return
    arguments: dict[str, Any] = {"args": list(args or ()), "kwargs": dict(kwargs or {})}
    masked = redact(arguments)
    ids, now = current_ids(), datetime.now(UTC)
    values: dict[str, Any] = {
        "task_id": task_id,
        "task": sender.name,
        "tenant_id": ids.get("tenant_id"),
        "request_id": ids.get("request_id"),
        "window": sender.request.get(WINDOW_HEADER),
        "arguments": masked,
        "redacted": not _are_equal(masked, arguments),
        "reason": _reason(sender, exception),
        "error": type(exception).__name__,
        "message": redact_text(_text(exception))[:_MAX_CHARACTERS],
        "traceback": redact_text(str(einfo.traceback) if einfo else "")[-_MAX_CHARACTERS:],
        "first_at": now,
        "last_at": now,
        "times": 1,
    }
    values = {name: _storable(name, value) for name, value in values.items()}
    try:
        _store(values)
    except (*UNAVAILABLE, SQLAlchemyError) as error:
        summary = {name: values[name] for name in ("task", "reason", "error")}
        cause = type(error.__cause__ or error).__name__
        kept = keep_letter(sender.app, values)
        _log.critical("dead_letter_not_recorded", **summary, cause=cause, kept=kept)
        return
    _log.warning("dead_letter_recorded", task=sender.name, reason=values["reason"])


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 a task's exception may do anything
        return "the message of this error cannot be read"


def _are_equal(masked: Any, arguments: Any) -> bool:
    """Return whether nothing was masked; NaN is not equal to itself, its JSON is."""
    return masked == arguments or encode(masked) == encode(arguments)


def _storable(name: str, value: Any) -> Any:
    """Return a value that both databases accept: no NUL, no half surrogates, not too long."""
    if not isinstance(value, str):
        return value
    length = getattr(DeadLetter.__table__.columns[name].type, "length", None)
    text = value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text.encode("utf-8", "replace").decode()[:length]


def record_kept_letters() -> int:
    """Record the dead letters that the store could not record before; return their number.

    Raises:
        StoreUnavailableError, SchemaError: the store cannot do it yet; the letters stay.
    """
    return record_letters(celery_app, _store)


def _store(values: dict[str, Any]) -> None:
    """Record a failure, or add it to the earlier failures of the same task."""
    with session_scope() as session:
        insert = dialect_insert(session, DeadLetter).values(values)
        changes: dict[str, Any] = {
            name: insert.excluded[name] for name in values if name not in {"first_at", "times"}
        }
        changes["times"] = DeadLetter.times + 1
        session.execute(insert.on_conflict_do_update(index_elements=["task_id"], set_=changes))
        # A dependency that outlasted all retries may be available when the outbox tries again.
        if values["reason"] != "retries_exhausted":
            outbox.stop_publishing(session, values["task_id"])


def _reason(task: Any, error: BaseException) -> Reason:
    if isinstance(error, PoisonTaskError | WorkerLostError):
        return "worker_lost"
    if isinstance(error, SoftTimeLimitExceeded | TimeLimitExceeded):
        return "timeout"
    transient = getattr(task, "autoretry_for", ())
    return "retries_exhausted" if isinstance(error, tuple(transient)) else "failed"


def _row(session: Session, letter_id: int) -> DeadLetter:
    row = session.get(DeadLetter, letter_id)
    if row is None:
        raise NotFoundError(f"Dead letter {letter_id} does not exist.")
    return row


def _letter(row: DeadLetter) -> Letter:
    return Letter(**{name: getattr(row, name) for name in Letter.__dataclass_fields__})
