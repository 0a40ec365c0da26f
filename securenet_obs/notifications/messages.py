"""Texts of notifications: the changed verdicts, with reasons, failed checks and likely causes."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from securenet_obs.notifications.delivery import Message
from securenet_obs.notifications.standings import Change
from securenet_obs.runner.plain_text import plain_text
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.summary import change_text, comparison

MAX_CHECKS = 5
MAX_CHANGES = 3
MAX_LINE = 300


def build_message(
    changes: Iterable[Change], records: Mapping[str, RunRecord], evidence: str
) -> Message:
    """Return the notification of changes.

    Args:
        changes: the changes that are due, at least one.
        records: the last attempt of each notebook, whose texts are masked.
        evidence: where the evidence of the command is.
    """
    rows = list(changes)
    red = [change for change in rows if not change.now.is_green]
    lines = [line for change in rows for line in _describe(change, records[change.notebook])]
    return Message(
        title=_title(rows, red), text="\n".join([*lines, f"evidence: {evidence}"]),
        is_failure=bool(red),
    )  # fmt: skip


def _title(rows: list[Change], red: list[Change]) -> str:
    target = rows[0].target
    if len(rows) == 1:
        return f"{rows[0].notebook} on {target}: {_words(rows[0])}"
    green = len(rows) - len(red)
    counts = [f"{len(red)} no longer pass"] * bool(red) + [f"{green} pass again"] * bool(green)
    return f"Validations of {target}: {', '.join(counts)}"


def _words(change: Change) -> str:
    return "passes again" if change.now.is_green else str(change.now.verdict)


def _describe(change: Change, record: RunRecord) -> list[str]:
    """Return the lines of one change."""
    before = change.now.notified or "no verdict"
    since = datetime.fromtimestamp(change.now.since, UTC).strftime("%Y-%m-%d %H:%M UTC")
    runs = f" ({change.now.runs} runs)" if change.now.runs > 1 else ""
    lines = [f"{change.notebook}: {before} -> {change.now.verdict}, since {since}{runs}"]
    if not change.now.is_green:
        lines += _reasons(record)
    return [" ".join(plain_text(line).split("\n"))[:MAX_LINE] for line in lines]


def _reasons(record: RunRecord) -> list[str]:
    failing = record.failing[:MAX_CHECKS]
    lines = [
        f"  {row.name}: expected {row.expected}, observed {row.observed}" for row in failing
    ] or [f"  {(record.judged or {}).get('reason', '')}"]
    changes = comparison(record)["changes_since_green"][:MAX_CHANGES]
    return [*lines, *(f"  changed since green: {change_text(row)}" for row in changes)]
