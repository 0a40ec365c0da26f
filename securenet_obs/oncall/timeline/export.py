"""Export of a timeline for its tenant: JSON and Markdown in the evidence, masked, read back."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.step import Action
from securenet_obs.oncall.identity import find_evidence_folder
from securenet_obs.oncall.timeline.entry import COLUMNS, SHOWN, export_entries, show_entries
from securenet_obs.oncall.timeline.timeline import Timeline
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.redaction import redact_text


@dataclass(frozen=True)
class Exported:
    """The files of an export, their contents as texts, and the entries of the JSON file."""

    paths: tuple[Path, ...]
    texts: tuple[str, ...]
    entries: list[dict[str, str]]


def export_timeline(timeline: Timeline) -> Action:
    """Return the action that writes a timeline to the evidence."""
    subject = timeline.subject
    paths = locate(timeline)
    named = " and ".join(path.name for path in paths)
    return Action(
        "export_timeline",
        f"export the timeline of {subject.name} to {named} in the evidence",
        "delete both files; they are copies",
        lambda: {"subject": subject.name, "tenant": subject.tenant_id},
        lambda: _write(timeline),
    )


def locate(timeline: Timeline) -> tuple[Path, ...]:
    """Return the paths of the JSON and the Markdown file; the name is that of the subject."""
    subject = timeline.subject
    digest = hashlib.sha256(subject.name.encode()).hexdigest()[:8]
    stem = f"timeline-{subject.tenant_id}-{digest}"
    folder = find_evidence_folder()
    return (folder / f"{stem}.json", folder / f"{stem}.md")


def read_export(timeline: Timeline) -> Exported:
    """Return the files of an export, as they are on the disk.

    Raises:
        ActionError: a file cannot be read.
    """
    paths = locate(timeline)
    try:
        texts = tuple(path.read_text(encoding="utf-8") for path in paths)
        return Exported(paths, texts, json.loads(texts[0])["entries"])
    except (OSError, ValueError, KeyError) as error:
        raise ActionError(f"the export cannot be read: {error}") from error


def build_document(timeline: Timeline) -> dict[str, Any]:
    """Return a timeline as plain data, with secrets masked."""
    subject = timeline.subject
    return {
        "subject": subject.name,
        "tenant": subject.tenant_id,
        "since": f"{subject.since:%FT%TZ}",
        "until": f"{subject.until:%FT%TZ}",
        "exported": f"{datetime.now(UTC):%FT%TZ}",
        "columns": list(COLUMNS),
        "entries": export_entries(timeline.entries),
    }


def build_markdown(document: dict[str, Any]) -> str:
    """Return a document as a page with one table, for a ticket or a mail."""
    head = [f"# What happened to {document['subject']}", ""]
    head += [f"From {document['since']} to {document['until']}, UTC.", ""]
    rows = [[_escape(cell) for cell in row] for row in show_entries(document["entries"])]
    table = [SHOWN, ["---"] * len(SHOWN), *rows]
    return redact_text("\n".join([*head, *(f"| {' | '.join(row)} |" for row in table), ""]))


def _escape(text: str) -> str:
    return text.replace("|", "\\|") or " "


def _write(timeline: Timeline) -> str:
    """Write both files; a repetition replaces them.

    Raises:
        ActionError: a file cannot be written.
    """
    document = build_document(timeline)
    texts = (json.dumps(document, indent=2) + "\n", build_markdown(document))
    paths = locate(timeline)
    try:
        for path, text in zip(paths, texts, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, text.encode(), mode=0o600, to_disk=True)
    except OSError as error:
        raise ActionError(f"{error.filename} cannot be written: {error.strerror}") from error
    return f"{len(timeline.entries)} entries in {paths[0]} and {paths[1].name}"
