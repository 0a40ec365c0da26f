"""The last proofs of each runbook, by its own incident and across all others; their warnings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.oncall.history import Entry, History, read_age_s
from securenet_obs.runner.notebook.catalog import Notebook, find_all

MAX_AGE_D = 30.0
"""Days after which a proof is too old."""

NEVER = "never"

_DAY_S = 86_400.0


@dataclass(frozen=True)
class RunbookProof:
    """A runbook with its last proofs; the fields of one that was never made are empty."""

    runbook: str
    title: str
    severity: str
    acts: bool
    drill: str
    at: str = ""
    outcome: str = ""
    on: str = ""
    warning: str = ""
    crossed_at: str = ""
    crossed: str = ""

    def to_row(self) -> dict[str, str]:
        """Return a short form for display, which fits 80 columns."""
        return {
            "runbook": self.runbook,
            "symptom": self.title,
            "kind": "acts" if self.acts else "looks",
            "last proved": _describe(self.at, self.outcome),
            "last crossed": _describe(self.crossed_at, self.crossed),
        }


def _describe(at: str, outcome: str) -> str:
    when = at[:16].replace("T", " ")
    return f"{when} {outcome.replace('failed', 'FAILED')}" if when else NEVER


def tabulate_proofs(root: Path, history: History) -> list[RunbookProof]:
    """Return every runbook below a project root with its last proofs.

    Raises:
        NotebookError: a notebook is broken.
        EvidenceError: the journal cannot be read.
    """
    entries = history.read()
    proved, crossed = (
        {row["runbook"]: row for row in entries if row["event"] == event}
        for event in ("proved", "crossed")
    )
    found = [notebook for notebook in find_all(root) if notebook.declared.kind == "runbook"]
    return [_join(notebook, proved, crossed) for notebook in found]


def _join(
    notebook: Notebook, proved: Mapping[str, Entry], crossed: Mapping[str, Entry]
) -> RunbookProof:
    declared, name = notebook.declared, notebook.name
    proof, cross = proved.get(name, {}), crossed.get(name, {})
    return RunbookProof(
        name,
        notebook.title,
        declared.severity,
        declared.acts,
        declared.drill,
        at=str(proof.get("at", "")),
        outcome=str(proof.get("outcome", "")),
        on=str(proof["target"]["name"]) if proof else "",
        warning=_warn(name, proof, cross),
        crossed_at=str(cross.get("at", "")),
        crossed=str(cross.get("outcome", "")),
    )


def _warn(name: str, proof: Entry, cross: Entry) -> str:
    if not proof:
        return f"{name} was never proved here; run `securenet-obs runbooks prove {name}`"
    for what, entry in (("proof", proof), ("cross-proof", cross)):
        if entry and entry["outcome"] != "passed":
            return f"The last {what} of {name} FAILED: {entry.get('problem', '')}"
    if (age_d := read_age_s(proof) / _DAY_S) > MAX_AGE_D:
        when = f"was proved {age_d:.0f} days ago"
        return f"{name} {when}; run `securenet-obs runbooks prove {name}`"
    return ""


def summarise_warnings(rows: Sequence[RunbookProof]) -> list[str]:
    """Return the warnings; those about runbooks without any proof are one sentence."""
    never = [row.runbook for row in rows if not row.at]
    others = [row.warning for row in rows if row.at and row.warning]
    if not never:
        return others
    names = "" if len(never) == len(rows) else f" {' '.join(never)}"
    count = f"{len(never)} of {len(rows)} runbooks were never proved here"
    return [f"{count}; run `securenet-obs runbooks prove{names}`.", *others]
