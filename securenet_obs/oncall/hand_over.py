"""Hand-over note of a run: findings, actions and open steps, in Markdown to paste."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from securenet_obs.checks import Check
from securenet_obs.oncall.decisions import Row
from securenet_obs.redaction import redact_text


@dataclass
class Record:
    """Findings, actions and open steps of a run so far."""

    rows: Sequence[Row] = ()
    stops: dict[str, str] = field(default_factory=dict)
    """Stop condition that applies -> the value that was observed."""
    done: dict[str, str] = field(default_factory=dict)
    """Step -> its result in words."""
    open: dict[str, str] = field(default_factory=dict)
    """Step -> why it was not taken."""

    def list_open(self) -> list[str]:
        """Return the steps that are open, and the stop conditions that apply."""
        stops = [f"stop: {condition}, observed {row}" for condition, row in self.stops.items()]
        return [f"{step} ({why})" for step, why in self.open.items()] + stops


def write_note(
    runbook: str,
    target: Mapping[str, str],
    who: str,
    record: Record,
    checks: Sequence[Check],
) -> str:
    """Return the note, with secrets masked.

    Args:
        runbook: name of the runbook.
        target: facts that identify the target.
        who: name of the user.
        record: its findings and steps.
        checks: the checks judged so far.
    """
    seen = [f"{row.finding}: {row.why}" for row in record.rows if row.applies]
    done = [f"{step}: {result}" for step, result in record.done.items()]
    verified = [_format_check(check) for check in checks if check.outcome != "skipped"]
    sections = {
        "Seen": seen or ["no row of the decision table applied"],
        "Done": [*done, *verified] or ["nothing"],
        "Open": record.list_open() or ["nothing"],
    }
    facts = ", ".join(f"{name} {value}" for name, value in target.items())
    lines = [f"### {runbook}, {datetime.now(UTC):%FT%RZ}, by {who}", "", facts]
    for title, entries in sections.items():
        lines += ["", f"**{title}**", *(f"- {entry}" for entry in entries)]
    return redact_text("\n".join(lines))


def _format_check(check: Check) -> str:
    return f"verified: {check.name}: {check.outcome}, observed {check.observed}"
