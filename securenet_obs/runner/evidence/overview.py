"""The page of a command, `index.html` in its evidence: verdict, runs, links to its files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from securenet_obs.runner.record.attempts import never_started
from securenet_obs.runner.record.runs import CommandRecord
from securenet_obs.runner.record.verdict import Verdict

NAME = "index.html"

_FILES = ("junit.xml", "run.json", "journal.jsonl")


def overview(
    record: CommandRecord,
    rows: Sequence[Mapping[str, Any]],
    verdict: Verdict,
    problem: str,
    folder: Path,
) -> str:
    """Return the page.

    Args:
        record: the command's record.
        rows: its runs, as in `run.json`.
        verdict: the command's verdict.
        problem: reason why the evidence is incomplete; empty if it is complete.
        folder: its evidence folder, of which only the names of files are read.
    """
    # Not at the top: Jinja is needed only at the end of a command.
    from securenet_obs.layout.pages import Pages

    opened = record.opened
    present = {path.name for path in folder.iterdir()}
    facts = {
        "started": opened.get("at"),
        "command": opened.get("command"),
        "target": (opened.get("target") or {}).get("name"),
        "commit": opened.get("commit"),
        "evidence": folder.name,
    }
    return Pages(Path(__file__).parent).render(
        "overview.html.j2",
        style="",
        command=str(opened.get("command") or "command"),
        verdict=verdict.value,
        problem=problem,
        runs=[_describe(row, present) for row in rows],
        never_started=never_started(record.runs, opened),
        facts=[(name, str(value)) for name, value in facts.items() if value],
        # The summary is written after this page.
        files=[name for name in _FILES if name in present or name != "journal.jsonl"],
    )


def _describe(row: Mapping[str, Any], present: set[str]) -> dict[str, Any]:
    checks = row["checks"]
    return {
        "notebook": row["notebook"],
        "verdict": row["verdict"] or Verdict.INTERRUPTED.value,
        "attempt": row["attempt"],
        "cell": row["cell"],
        "reason": row["reason"],
        "seconds": row["seconds"],
        "passed": checks["passed"],
        "judged": checks["passed"] + checks["failed"],
        "failed": [check for check in checks["rows"] if check["outcome"] == "failed"],
        "page": name if (name := f"{row['run']}.html") in present else "",
        "document": name if (name := f"{row['run']}.ipynb") in present else "",
    }
