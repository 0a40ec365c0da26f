"""Facts of a run by kind, each a name with a value; reads those that earlier runs have left."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

CODE, PACKAGE, SETTING, REDIS, PARAMETER, LOG_SCHEMA = (
    *("code", "package", "setting", "redis", "parameter", "log schema"),
)
KINDS = (CODE, PACKAGE, SETTING, REDIS, PARAMETER, LOG_SCHEMA)

FACTS_FILE = "facts.json"
"""File of an evidence folder with the facts that all runs of its command share."""

LOG_SCHEMA_SUFFIX = ".log_schema.json"
"""End of the name of a file with the log schema that a run has recorded."""

MIN_LINES = 5
"""Number of lines from which the fields of an event are dependable."""

NOT_RECORDED = "not recorded"
NO_LOG_SCHEMA = "no run of the command recorded a log schema"

Values = Mapping[str, str]


@dataclass(frozen=True)
class Facts:
    """Facts of a run or a command.

    Attributes:
        kinds: kind -> name -> value.
        absent: kind -> reason for which it has no facts.
    """

    kinds: Mapping[str, Values] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def lacks(self, kind: str) -> bool:
        """Return whether a kind was not recorded at all, rather than denied by the target."""
        return self.reason(kind) in (NOT_RECORDED, NO_LOG_SCHEMA)

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """Return the facts in a JSON value; anything else in it is left out."""
        parts = document if isinstance(document, Mapping) else {}
        kinds, absent = parts.get("kinds"), parts.get("absent")
        return cls(
            {kind: _texts(values) for kind, values in _texts_or_parts(kinds) if kind in KINDS},
            {kind: str(reason) for kind, reason in _texts_or_parts(absent) if kind in KINDS},
        )

    def as_json(self) -> dict[str, Any]:
        """Return the facts as JSON values."""
        return {
            "kinds": {kind: dict(values) for kind, values in self.kinds.items()},
            "absent": dict(self.absent),
        }

    def joined(self, other: "Facts") -> "Facts":
        """Return these facts and those of another part of the same run."""
        kinds = {
            kind: {**self.kinds.get(kind, {}), **other.kinds.get(kind, {})}
            for kind in KINDS
            if kind in self.kinds or kind in other.kinds
        }
        absent = {**self.absent, **other.absent}
        return Facts(kinds, {kind: absent[kind] for kind in absent if kind not in kinds})

    def reason(self, kind: str) -> str:
        """Return the reason for which a kind has no facts; empty if it has some."""
        return "" if kind in self.kinds else self.absent.get(kind, NOT_RECORDED)


def _texts_or_parts(value: Any) -> list[tuple[str, Any]]:
    return [(str(name), part) for name, part in value.items()] if isinstance(value, Mapping) else []


def _texts(value: Any) -> dict[str, str]:
    return {
        name: text if isinstance(text, str) else json.dumps(text)
        for name, text in _texts_or_parts(value)
    }


def read_facts(folder: Path, row: Mapping[str, Any]) -> Facts:
    """Return the facts of a run in an evidence folder: its command's, its own, its log schema.

    Args:
        folder: the evidence folder.
        row: the run's object in `run.json`, or its event `run_started`.
    """
    own = Facts({CODE: _texts(row.get("sources")), PARAMETER: _texts(row.get("parameters"))})
    limits = Facts({PARAMETER: _texts(row.get("limits"))})
    shared = Facts.from_json(_read_json(folder / FACTS_FILE))
    return shared.joined(own).joined(limits).joined(_read_log_schema(folder, str(row.get("run"))))


def find_log_schema(folder: Path, run: str) -> Path | None:
    """Return the file of the log schema of a run, else of any run of its command."""
    own = folder / f"{run}{LOG_SCHEMA_SUFFIX}"
    others = sorted(folder.glob(f"*{LOG_SCHEMA_SUFFIX}"))
    return next((path for path in (own, *others) if path.exists()), None)


def _read_log_schema(folder: Path, run: str) -> Facts:
    path = find_log_schema(folder, run)
    document = _read_json(path) if path else None
    events = document.get("events") if isinstance(document, Mapping) else None
    if not isinstance(events, Mapping):
        return Facts(absent={LOG_SCHEMA: NO_LOG_SCHEMA})
    return Facts({LOG_SCHEMA: dict(_schema_facts(events))})


def _schema_facts(events: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the dependable events, and the fields that each of their lines has."""
    facts = []
    for event, part in events.items():
        if not isinstance(part, Mapping) or int(part.get("lines") or 0) < MIN_LINES:
            continue
        facts.append((event, "logged"))
        facts += [
            (f"{event}.{name}", " or ".join(map(str, one.get("types") or [])))
            for name, one in _texts_or_parts(part.get("fields"))
            if isinstance(one, Mapping) and not one.get("null_share")
        ]
    return facts


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
