"""Pruning: old evidence goes, and what a person or a later comparison needs stays."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.oncall.history import NAME
from securenet_obs.oncall.history import History as Journal
from securenet_obs.processes.locks import file_lock
from securenet_obs.reports.history import History
from securenet_obs.reports.pruning import plan_pruning, prune
from tests.benchmarks.made_evidence import START

Add = Callable[..., str]
DAY_S = 86_400.0
NOW = START + timedelta(days=100)


def kept(evidence: Path, age_s: float = 30 * DAY_S) -> dict[str, str]:
    """Return the reasons of the old commands; an empty one for those that would go."""
    return {each.name: each.keep for each in plan_pruning(evidence, age_s, NOW)}


def note(evidence: Path, event: str, hours: float, **fields: object) -> None:
    """Write an entry into the journal of on-call, at a time after the first command."""
    journal = Journal(evidence)
    journal.append(event, **fields)
    *others, last = journal.path.read_text().splitlines()
    at = (START + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
    found = journal.read()[-1]["at"]
    journal.path.write_text("\n".join([*others, last.replace(found, at), ""]))


def test_the_latest_and_the_last_green_run_stay(evidence: Path, add: Add) -> None:
    """Those of each notebook and target; all other old evidence goes."""
    old, green, red, latest = add(), add(), add(fail=0), add(fail=1)
    other = add("02_another")
    same = add("02_another", {"target": {"name": "production.env"}})
    assert kept(evidence) == {
        old: "",
        green: "last green run of 01_a_claim on staging.env",
        red: "",
        latest: "latest run of 01_a_claim on staging.env",
        other: "last green run of 02_another on staging.env",
        same: "newest command",
    }


def test_only_commands_older_than_the_age_are_considered(evidence: Path, add: Add) -> None:
    """The age is that of the command's start."""
    first, second, _ = add(), add(), add()
    age_s = (NOW - START).total_seconds() - 3601
    assert list(kept(evidence, age_s)) == [first, second]
    assert kept(evidence, 101 * DAY_S) == {}


def test_other_files_and_unfinished_commands_are_not_evidence_to_remove(
    evidence: Path, add: Add
) -> None:
    """Folders without a summary or with another name, links and journals are never listed."""
    unfinished, renamed, latest = add(), add(), add()
    (evidence / unfinished / "run.json").rename(evidence / unfinished / "journal.jsonl")
    (evidence / renamed).rename(evidence / "keep-this")
    os.symlink(latest, evidence / "latest")
    (evidence / NAME).touch()
    assert prune(evidence, plan_pruning(evidence, DAY_S, NOW)) == []
    assert list(kept(evidence)) == [latest]


def test_runbooks_that_acted_stay(evidence: Path, add: Add) -> None:
    """The journal has an action during the run; a look of the same runbook goes."""
    path = "runbooks/worker_is_gone.ipynb"
    look = add("worker_is_gone", kind="runbook", path=path)
    acted = add("worker_is_gone", kind="runbook", path=path)
    add("worker_is_gone", kind="runbook", path=path)
    common = {"who": "a", "runbook": "worker_is_gone", "does": "d", "target": {}}
    note(evidence, "after", 1 + 1 / 3600, **common, outcome="done")
    assert kept(evidence)[look] == ""
    assert kept(evidence)[acted] == "worker_is_gone acted"


def test_the_last_proofs_stay(evidence: Path, add: Add) -> None:
    """The runs of the last proof of each runbook; those of an earlier proof go."""
    facts = {"command": "prove"}
    names = [add("worker_is_gone", facts, kind="runbook") for _ in range(5)]
    for hours in (1.01, 3.01):
        proof = {"outcome": "passed", "target": {}, "seconds": 3700.0}
        note(evidence, "proved", hours, runbook="worker_is_gone", **proof)
    reasons = kept(evidence)
    assert [reasons[name] for name in names[:4]] == ["", "", *["last proof of worker_is_gone"] * 2]


def test_removed_runs_stay_in_the_history(evidence: Path, add: Add) -> None:
    """Their folders go whole; leftovers of a removal that broke off go as well."""
    names = [add() for _ in range(4)]
    (evidence / f".pruned-{names[0]}x").mkdir()
    removed = prune(evidence, plan_pruning(evidence, DAY_S, NOW))
    assert [each.name for each in removed] == names[:3]
    assert removed[0].size > 1000
    assert [path.name for path in evidence.glob("*-*")] == names[3:]
    assert list(evidence.glob(".pruned-*")) == []
    history = History(evidence)
    assert [each.name for each in history.read({}, history.scan())] == names[3:]
    assert [run.is_pruned for run in history.runs] == [True, True, True, False]


def test_two_prunings_exclude_each_other(
    evidence: Path, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one ends with a sentence, and removes nothing."""
    add(), add()
    monkeypatch.setattr("securenet_obs.reports.pruning._LOCK_S", 0.0)
    with (
        file_lock(evidence / ".prune.lock"),
        pytest.raises(EvidenceError, match="Another command is pruning"),
    ):
        prune(evidence, plan_pruning(evidence, DAY_S, NOW))
    assert len(list(evidence.glob("2*"))) == 2


def test_a_history_that_cannot_be_written_keeps_the_evidence(evidence: Path, add: Add) -> None:
    """No run is removed that the history would miss."""
    add(), add()
    plan = plan_pruning(evidence, DAY_S, NOW)
    (evidence / "history.jsonl").mkdir()
    with pytest.raises(EvidenceError, match=r"history\.jsonl: cannot be removed: Is a directory"):
        prune(evidence, plan)
    assert len(list(evidence.glob("2*"))) == 2
