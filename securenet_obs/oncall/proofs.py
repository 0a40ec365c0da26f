"""The last proof of each runbook: when, by which incident; warns of old and failed ones."""

from dataclasses import dataclass
from pathlib import Path

from securenet_obs.oncall.history import Entry, History, read_age_s
from securenet_obs.runner.notebook.catalog import Notebook, find_all

MAX_AGE_D = 30.0
"""Days after which a proof is too old."""

_DAY_S = 86_400.0


@dataclass(frozen=True)
class RunbookProof:
    """A runbook with its last proof; `at`, `outcome` and `on` are empty without one."""

    runbook: str
    title: str
    severity: str
    acts: bool
    drill: str
    at: str = ""
    outcome: str = ""
    on: str = ""
    warning: str = ""

    def to_row(self) -> dict[str, str]:
        """Return a short form for display."""
        return {
            "runbook": self.runbook,
            "symptom": self.title,
            "kind": "acts" if self.acts else "looks",
            "last proved": self.at[:16].replace("T", " ") or "NEVER",
            "outcome": self.outcome,
            "by": self.drill,
        }


def tabulate_proofs(root: Path, history: History) -> list[RunbookProof]:
    """Return every runbook below a project root with its last proof.

    Raises:
        NotebookError: a notebook is broken.
        EvidenceError: the journal cannot be read.
    """
    last = {row["runbook"]: row for row in history.read() if row["event"] == "proved"}
    found = [notebook for notebook in find_all(root) if notebook.declared.kind == "runbook"]
    return [_join(notebook, last.get(notebook.name)) for notebook in found]


def _join(notebook: Notebook, entry: Entry | None) -> RunbookProof:
    declared = notebook.declared
    common = (notebook.name, notebook.title, declared.severity, declared.acts, declared.drill)
    if entry is None:
        warning = f"{notebook.name} was never proved here; run {_command(notebook.name)}"
        return RunbookProof(*common, warning=warning)
    outcome, age_d = str(entry["outcome"]), read_age_s(entry) / _DAY_S
    return RunbookProof(
        *common,
        at=entry["at"],
        outcome=outcome,
        on=str(entry["target"]["name"]),
        warning=_warn(notebook.name, outcome, age_d, str(entry.get("problem", ""))),
    )


def _warn(name: str, outcome: str, age_d: float, problem: str) -> str:
    if outcome != "passed":
        return f"The last proof of {name} FAILED: {problem}"
    if age_d > MAX_AGE_D:
        return f"{name} was proved {age_d:.0f} days ago; run {_command(name)}"
    return ""


def _command(name: str) -> str:
    return f"`securenet-obs runbooks prove {name}`"
