"""A game day hides the name of its fault, gives hints, and lets the runbook's look decide."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from securenet_obs.drills import gameday
from securenet_obs.drills.gameday import GameDay, choose_incident
from securenet_obs.drills.incidents import INCIDENTS, Incident
from securenet_obs.drills.incidents.proving import RunbookRun, RunbookRunner
from securenet_obs.oncall.history import History
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.stack import LocalStack, request_restart

PROJECT = Path(__file__).parents[2]
RULES = PROJECT / "securenet_obs" / "workers" / "metrics" / "alerts.yml"

BROKEN = RunbookRun("failed", "", [{"rows": [{"finding": "is gone", "applies": True}]}])
REPAIRED = RunbookRun("passed", "", [{"rows": [{"finding": "is gone", "applies": False}]}])
UNREACHABLE = RunbookRun("unreachable", "", [])


class Table:
    """A game without real parts: what was said, and whether the fault is in."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *looks: RunbookRun) -> None:
        self.said: list[str] = []
        self.is_broken = False
        self.history = History(folder)
        incident = Incident(
            "secret-name",
            "worker_is_gone",
            "It is broken.",
            self._break,
            "is gone",
            ("n=1",),
            "ALERT",
        )
        monkeypatch.setattr(gameday, "choose_incident", lambda _: incident)
        stack = LocalStack("t", folder)
        stack._environment = {"REDIS_URL": "redis://:p@h:1/0"}
        runs = iter(looks)
        judge: Any = SimpleNamespace(root=PROJECT, run=lambda *_: next(runs))
        self.game = GameDay(7, stack, judge, self.history, self.said.append)

    @contextmanager
    def _break(self, _stack: LocalStack) -> Iterator[None]:
        self.is_broken = True
        yield
        self.is_broken = False


def test_the_look_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that applies, or a look that cannot read the target, is no repair."""
    table = Table(tmp_path, monkeypatch, BROKEN, UNREACHABLE, REPAIRED)
    done = table.game.play(["done\n", " Done \n", "done\n", "hint\n"])
    assert (done["outcome"], done["claims"], done["hints"]) == ("repaired", 3, 0)
    assert not table.is_broken
    text = "\n".join(table.said)
    assert "Not repaired: the verdict is failed, 1 rows" in text
    assert "secret-name" not in text
    assert "worker_is_gone" not in text


def test_hints_come_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Symptom, command, row; then the row again."""
    table = Table(tmp_path, monkeypatch)
    done = table.game.play(["hint\n"] * 4 + ["help\n", "\n", "status\n", "give up\n", "done\n"])
    assert (done["outcome"], done["hints"], done["claims"]) == ("given up", 3, 0)
    hints = [
        line
        for line in table.said
        if line.split(":")[0] in ("symptom", "command", "row of its decision table")
    ]
    assert hints[1] == "command: securenet-obs run worker_is_gone -p n=1"
    assert hints[2:] == ["row of its decision table: is gone"] * 2
    assert any(line.startswith("'help' is not a command") for line in table.said)
    assert any(re.match(r"\d+:\d\d since the alert", line) for line in table.said)


def test_the_end_of_the_commands_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is removed, whatever ends the game."""
    table = Table(tmp_path, monkeypatch)
    assert table.game.play([])["outcome"] == "given up"
    assert not table.is_broken


def test_the_summary_has_the_players_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those on this stack since the alert: the first dry run of the right runbook found it."""
    table = Table(tmp_path, monkeypatch)
    target = {"redis": "redis://h:1/0"}

    def append(event: str, runbook: str, to: dict[str, str], **fields: Any) -> None:
        table.history.append(event, runbook=runbook, target=to, does="restart", **fields)

    issued = {"digest": "d", "serial": "s", "facts": {}}
    append("issued", "worker_is_gone", target, **issued)

    def commands() -> Iterator[str]:
        append("issued", "queue_is_growing", target, **issued)
        append("issued", "worker_is_gone", {"redis": "redis://other:1/0"}, **issued)
        append("issued", "worker_is_gone", target, **issued)
        append("after", "worker_is_gone", target, who="Ann", outcome="done")
        yield "give up\n"

    done = table.game.play(commands())
    steps = [(row["runbook"], row["event"]) for row in done["steps"]]
    assert steps == [
        ("queue_is_growing", "found"),
        ("worker_is_gone", "found"),
        ("worker_is_gone", "acted"),
    ]
    assert done["found_at"] == done["steps"][1]["at"]


def test_a_seed_chooses_the_same_fault_again() -> None:
    """Every fault is the one of some seed."""
    assert choose_incident(4711) is choose_incident(4711)
    assert {choose_incident(seed).name for seed in range(200)} == set(INCIDENTS)


@pytest.mark.parametrize("incident", INCIDENTS.values(), ids=INCIDENTS)
def test_an_alert_is_one_that_comes(incident: Incident) -> None:
    """A rule's alert has the summary of the rule; no alert has the name of the fault."""
    assert incident.alert
    assert incident.name not in incident.alert
    name, _, summary = incident.alert.partition(": ")
    if not name.startswith("SecureNet"):
        assert name.endswith(("(page)", "(ticket)", "api", "worker", "of a tenant"))
        return
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rules = {rule["alert"]: rule for group in groups for rule in group["rules"]}
    rule = rules[name.split(" ")[0]]
    assert name.endswith(f"({rule['labels']['severity']})")
    parts = rule["annotations"]["summary"].split("{{")
    assert all(part.rpartition("}}")[2] in summary for part in parts)


@pytest.mark.slow
def test_a_real_fault_is_repaired_by_hand(
    stack: LocalStack, warm: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the worker is started again the look says no; the repair needs no runbook."""
    monkeypatch.setattr(gameday, "choose_incident", lambda _: INCIDENTS["worker-gone"])
    judge = RunbookRunner(PROJECT, tmp_path / "judge", warm())

    def commands() -> Iterator[str]:
        yield "done\n"
        request_restart("worker", stack.name, stack.folder.parents[1])
        yield "done\n"

    said: list[str] = []
    done = GameDay(1, stack, judge, History(tmp_path), said.append).play(commands())
    assert (done["outcome"], done["claims"], done["steps"]) == ("repaired", 2, [])
    assert find(PROJECT, done["runbook"]).declared.drill == "worker-gone"
    assert stack.parts["worker"].is_running()
