"""Log schema of a run: recorded in its evidence, compared with that of the last green run."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from securenet_obs.probes.logs.drift import FAILING, MIN_LINES, SchemaChange, find_drift
from securenet_obs.probes.logs.frame import LogFrame
from securenet_obs.probes.logs.schema import EventSchema, LogSchema, read_log_schema
from securenet_obs.probes.scenarios.sinks import EVIDENCE
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.processes.descendants import MARK
from securenet_obs.waivers import WaiverEntry, read_waiver_file

_LAST_GREEN = "SECURENET_OBS_LAST_GREEN"
_NO_EVIDENCE = "this run has no evidence folder; run the notebook with securenet-obs"
_NO_BASELINE = "no earlier green run on this target has recorded a log schema; this one has"


@dataclass(frozen=True)
class SchemaDrift:
    """The drift of the log schema since the last green run.

    Attributes:
        schema: schema of the lines since then; of all lines without such a run.
        reason: why there is nothing to compare with; empty if there is.
        changes: the changes, failing ones first.
    """

    schema: LogSchema
    reason: str = ""
    changes: tuple[SchemaChange, ...] = field(default=())

    @property
    def failing(self) -> list[str]:
        """The changes without a valid waiver that break a search, in words."""
        return [_describe(change) for change in self.changes if change.is_failing]

    def fields(self) -> pd.DataFrame:
        """Return a row [event, lines, field, types, null_share] for each field of an event."""
        rows = [
            (event, part.lines, name, " or ".join(one.types), one.null_share)
            for event, part in self.schema.events.items()
            for name, one in part.fields.items()
        ]
        return pd.DataFrame(rows, columns=["event", "lines", "field", "types", "null_share"])

    def table(self) -> pd.DataFrame:
        """Return a row [name, change, before, after, waiver] for each change."""
        rows = [
            (row.name, row.change, row.before, row.after,
             row.waiver or (f"expired on {row.expired_on}" if row.expired_on else "none"))
            for row in self.changes
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["name", "change", "before", "after", "waiver"])


def record_log_schema(logs: LogFrame, waivers: str = "") -> SchemaDrift:
    """Record the schema of log lines in the run's evidence; return its drift since the last green.

    The schema of lines since the last green run counts: older lines would hide a field that
    vanished. Events with few new lines keep their schema in the record.

    Args:
        logs: the lines that the run has read.
        waivers: path of a TOML file with waivers, as for the vulnerability scan; empty for none.

    Raises:
        WaiverError: the file of waivers cannot be used.
    """
    accepted = read_waiver_file(Path(waivers)) if waivers else []
    baseline = _read_baseline()
    schema = read_log_schema(logs, baseline.until if baseline else "")
    changes = tuple(_find(baseline, schema, accepted)) if baseline else ()
    recorded = _extend(baseline, schema, changes) if baseline else schema
    if not _record(recorded):
        return SchemaDrift(schema, _NO_EVIDENCE)
    return SchemaDrift(schema, "" if baseline else _NO_BASELINE, changes)


def _extend(baseline: LogSchema, schema: LogSchema, changes: Sequence[SchemaChange]) -> LogSchema:
    """Return the baseline with the newer events, and with the changes of those with few lines."""
    recorded = baseline.updated(schema, MIN_LINES)
    events = dict(recorded.events)
    for change in changes:
        event, _, name = change.name.partition(".")
        if not name or change.change not in FAILING:
            continue
        fields = {key: one for key, one in events[event].fields.items() if key != name}
        if name in schema.events[event].fields:
            fields[name] = schema.events[event].fields[name]
        events[event] = EventSchema(events[event].lines, fields)
    return LogSchema(recorded.until, events)


def _find(baseline: LogSchema, schema: LogSchema, waivers: list[WaiverEntry]) -> list[SchemaChange]:
    return find_drift(baseline, schema, waivers, datetime.now(UTC).date())


def _read_baseline() -> LogSchema | None:
    path = os.environ.get(_LAST_GREEN)
    return LogSchema.read(Path(path)) if path else None


def _record(schema: LogSchema) -> bool:
    """Write the schema into the run's evidence; return False outside of our runner."""
    folder, run = os.environ.get(EVIDENCE), os.environ.get(MARK, "").rpartition("/")[2]
    if not (folder and run):
        return False
    text = json.dumps(schema.as_json(), indent=1) + "\n"
    path = Path(folder) / f"{run}.log_schema.json"
    replace_file(path, text.encode(), mode=0o644, to_disk=False)
    return True


def _describe(change: SchemaChange) -> str:
    expired = f" (its waiver expired on {change.expired_on})" if change.expired_on else ""
    if change.change == "vanished":
        return f"{change.name} vanished{expired}"
    return f"{change.name}: {change.before} -> {change.after}{expired}"
