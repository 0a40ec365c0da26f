"""Log files that are read by ranges: stores each range's result, merges and counts them once."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from securenet_obs.detection.network.counting.partial_json import as_json, from_json
from securenet_obs.detection.network.counting.partials import Partial, merge
from securenet_obs.detection.network.stored.counted_files import CountedFile
from securenet_obs.detection.network.stored.minutes import add, claim
from securenet_obs.store import LogFile, LogRange, ensure_tenant, insert_once


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def begin(session: Session, tenant_id: str, digest: str, ranges: int, path: str) -> bool:
    """Record a file that will be read by this number of ranges; return False if it was counted.

    The path of its last import is kept: a replay of its quarantine reads it there.
    """
    ensure_tenant(session, tenant_id)
    key = {"tenant_id": tenant_id, "digest": digest}
    insert_once(session, LogFile, **key, ranges=ranges, started_at=datetime.now(UTC))
    file = session.get_one(LogFile, (tenant_id, digest))
    file.path = path
    return file.finished_at is None


def store_range(
    session: Session, tenant_id: str, digest: str, start: int, partial: Partial
) -> bool:
    """Store the result of a range; return False, without a change, if it is, or is merged."""
    key = {"tenant_id": tenant_id, "digest": digest, "start": start}
    is_new = insert_once(session, LogRange, **key, content=as_json(partial))
    # After the insert, which locks SQLite's store: another worker may have finished the file.
    file = session.get(LogFile, (tenant_id, digest), with_for_update=True, populate_existing=True)
    if file is None or file.finished_at is not None:
        session.execute(delete(LogRange).filter_by(**key))
        return False
    return is_new


def finish(session: Session, tenant_id: str, digest: str) -> dict[str, Any] | None:
    """Merge and count a file whose ranges are all stored; return its summary, else None.

    Call it in a transaction after that of `store_range`: of two ranges that are stored at once, the
    one that commits last sees both. The summary of a finished file is the stored one.
    """
    file = session.get(LogFile, (tenant_id, digest))
    if file is None or file.finished_at is not None:
        return None if file is None else file.result
    of_file = LogRange.tenant_id == tenant_id, LogRange.digest == digest
    if session.scalar(select(func.count()).select_from(LogRange).where(*of_file)) != file.ranges:
        return None
    if not _claim_end(session, tenant_id, digest):
        return None
    rows = session.execute(select(LogRange.start, LogRange.content).where(*of_file)).all()
    _count(session, file, {start: from_json(part) for start, part in rows})
    session.execute(delete(LogRange).where(*of_file))
    return file.result


def list_files(session: Session, tenant_id: str | None, limit: int) -> list[dict[str, Any]]:
    """Return imported files, the most recent ones first.

    Returns:
        rows with `digest` (its first 12 characters), `tenant_id`, `path` (of the last import),
        `started` and `finished` (ISO 8601; None while ranges are missing), `ranges`, `read` (ranges
        that are read), `records`, `quarantined` (both None until it is finished) and `quarantine`
        (the first items).
    """
    of_file = LogRange.tenant_id == LogFile.tenant_id, LogRange.digest == LogFile.digest
    read = select(func.count()).select_from(LogRange).where(*of_file).scalar_subquery()
    query = select(LogFile, read).order_by(LogFile.started_at.desc()).limit(limit)
    if tenant_id is not None:
        query = query.where(LogFile.tenant_id == tenant_id)
    return [_file_row(file, number) for file, number in session.execute(query)]


def _file_row(file: LogFile, read: int) -> dict[str, Any]:
    result = file.result or {}
    return {
        "digest": file.digest[:12],
        "tenant_id": file.tenant_id,
        "path": file.path,
        "started": file.started_at.isoformat(),
        "finished": None if file.finished_at is None else file.finished_at.isoformat(),
        "ranges": file.ranges,
        "read": read if file.finished_at is None else file.ranges,
        "records": result.get("records"),
        "quarantined": result.get("quarantined"),
        "quarantine": result.get("quarantine", []),
    }


def _claim_end(session: Session, tenant_id: str, digest: str) -> bool:
    unfinished = (
        *(LogFile.tenant_id == tenant_id, LogFile.digest == digest),
        LogFile.finished_at.is_(None),
    )
    ended = update(LogFile).where(*unfinished).values(finished_at=datetime.now(UTC))
    return session.execute(ended.returning(LogFile.digest)).first() is not None


def _count(session: Session, file: LogFile, parts: Mapping[int, Partial]) -> None:
    whole = merge(parts)
    counted = CountedFile(whole, set(whole.minutes))
    is_new = claim(session, file.tenant_id, file.digest)
    if is_new:
        counted.full_minutes = len(whole.minutes) - len(add(session, file.tenant_id, whole.minutes))
    counted.write_to(file, is_replayable=is_new)
