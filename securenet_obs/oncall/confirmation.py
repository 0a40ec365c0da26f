"""Confirmations: a dry run issues a digest, which permits exactly that action, once, for minutes.

The digest is of the notebook's cells, its parameters, the target, the action and the state that the
dry run read. A confirmation computes it anew, so any change since then refuses it.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from securenet_obs.oncall.history import Entry, History, read_age_s
from securenet_obs.redaction import redact

VALID_S = 900.0
"""Seconds for which a dry run may be confirmed."""

MAX_AHEAD_S = 60.0
"""Seconds by which a dry run may be in the future, since clocks of several hosts differ."""

_LENGTH = 12
_MAX_DIGEST = 100

Facts = Mapping[str, Mapping[str, str]]
"""Facts that a confirmation is bound to: `notebook`, `parameters`, `target`, `action`, `state`."""


@dataclass(frozen=True)
class Request:
    """A step that is to be confirmed.

    Args:
        runbook: name of the runbook.
        action: name of the action.
        does: its sentence.
        facts: the facts that its confirmation is bound to.
        who: name of the user.
    """

    runbook: str
    action: str
    does: str
    facts: Facts
    who: str

    def entry(self) -> dict[str, Any]:
        """Return the fields that every entry about this step has."""
        return {
            "runbook": self.runbook,
            "action": self.action,
            "does": self.does,
            "who": self.who,
            "target": dict(self.facts["target"]),
        }


def issue(history: History, request: Request) -> str:
    """Journal a dry run; return the digest that confirms it.

    Raises:
        EvidenceError: the journal cannot be written.
    """
    serial = secrets.token_hex(4)
    digest = _compute(request.facts, serial)
    history.append(
        "issued", digest=digest, serial=serial, facts=_plain(request.facts), **request.entry()
    )
    return digest


def find_issued(history: History, digest: str) -> Entry | None:
    """Return the dry run that issued a digest; None if none did."""
    entries = history.read()
    return next((row for row in entries if _is(row, "issued") and row["digest"] == digest), None)


def spend(history: History, request: Request, digest: str) -> str:
    """Spend a confirmation; return why it is refused, empty if the action may begin.

    Both are journalled. Of two that confirm at the same time, one is refused.

    Raises:
        EvidenceError: the journal cannot be read or written; nothing may begin.
    """
    with history.locked():
        digest = digest[:_MAX_DIGEST]
        entries = [row for row in history.read() if row.get("digest") == digest]
        reason = _find_refusal(entries, request, digest)
        event = {"event": "refused", "reason": reason} if reason else {"event": "confirmed"}
        history.append_locked(**event, digest=digest, **request.entry())
    return reason


def _find_refusal(entries: list[Entry], request: Request, digest: str) -> str:
    issued = next((row for row in entries if _is(row, "issued")), None)
    if issued is None:
        return f"no dry run has issued the confirmation {digest[:40]!r} here"
    if spent := next((row for row in entries if _is(row, "confirmed")), None):
        return f"it was spent at {spent['at'][:19]}Z by {spent['who']}; it permits one action"
    if (age_s := read_age_s(issued)) < -MAX_AHEAD_S:
        return f"its dry run is {-age_s:.0f} s in the future: the clock was set back"
    if age_s > VALID_S:
        return f"it expired: it is {age_s / 60:.0f} minutes old, {VALID_S / 60:.0f} are permitted"
    if _compute(request.facts, issued["serial"]) == digest:
        return ""
    changes = _describe_changes(issued["facts"], _plain(redact(_plain(request.facts))))
    return f"the dry run was of something else: {changes or 'a masked value has changed'}"


def _describe_changes(before: Facts, now: Facts) -> str:
    """Return each fact that differs, with both values."""
    changes = []
    for part in now:
        names = sorted({*before.get(part, {}), *now[part]})
        for name in names:
            was, is_now = before.get(part, {}).get(name), now[part].get(name)
            if was != is_now:
                changes.append(f"{part}: {name} was {was}, is {is_now}")
    return "; ".join(changes)


def _compute(facts: Facts, serial: str) -> str:
    text = json.dumps([_plain(facts), serial], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def _plain(facts: Any) -> Any:
    return json.loads(json.dumps({part: dict(facts[part]) for part in facts}, default=str))


def _is(entry: Entry, event: str) -> bool:
    return bool(entry["event"] == event)
