"""A runbook acts on a confirmation alone, verifies after an action alone, and names open steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import ActionError, ChecksFailedError, UnreachableError
from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.locks import IncidentLock
from securenet_obs.oncall.session import NO_OPEN_STEP, Finding, Runbook
from tests.oncall.conftest import MemoryPlace

Opener = Callable[..., Runbook]


class Pool:
    """A target in memory: a pool that grows once."""

    def __init__(self) -> None:
        self.processes = 1
        self.error = ""

    def action(self, does: str = "grow the pool from 1 to 2") -> Action:
        """Return the action that grows it."""
        return Action("grow", does, "shrink it", self.read_state, self.grow)

    def read_state(self) -> dict[str, str]:
        """Return its size."""
        return {"processes": str(self.processes)}

    def grow(self) -> str:
        """Add a process."""
        if self.error:
            raise ActionError(self.error)
        self.processes += 1
        return f"{self.processes} processes"

    def verify(self) -> Finding:
        """Judge that it has grown."""
        return Finding(self.processes == 2, "2 processes", str(self.processes))


@pytest.fixture
def pool() -> Pool:
    return Pool()


def follow(runbook: Runbook, pool: Pool, *rows: Row, confirm: str = "") -> str:
    """Run the cells of a runbook; return the error of its conclusion."""
    runbook.decide(rows or [Row("too few", True, "1 process", pool.action())])
    runbook.act(confirm)
    runbook.verify("the pool has grown", pool.verify)
    runbook.hand_over()
    try:
        runbook.conclude()
    except ChecksFailedError as error:
        return str(error)
    return ""


def digest_of(runbook: Runbook) -> str:
    return str([row for row in runbook._history.read() if row["event"] == "issued"][-1]["digest"])


def outcomes(runbook: Runbook) -> dict[str, str]:
    return {check.name: check.outcome for check in runbook.checks}


def events(runbook: Runbook) -> list[str]:
    return [row["event"] for row in runbook._history.read()]


def test_without_a_confirmation_nothing_is_done(
    open_session: Opener, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The dry run prints action, state, undo and digest; the run ends with the open step."""
    runbook = open_session()
    assert "no step is open" in follow(runbook, pool)
    assert pool.processes == 1
    assert outcomes(runbook) == {"the pool has grown": "skipped", NO_OPEN_STEP: "failed"}
    text = capsys.readouterr().out
    digest = digest_of(runbook)
    for part in ("DRY RUN", "grow the pool from 1 to 2", "processes 1", "shrink it", digest):
        assert part in text
    assert "open: grow the pool from 1 to 2 (not confirmed)" in text


@pytest.mark.parametrize("way", ["parameter", "cell"])
def test_a_confirmed_action_is_done_and_verified(
    open_session: Opener, pool: Pool, way: str
) -> None:
    """A confirmation is a parameter of another run, or a cell's value."""
    first = open_session()
    follow(first, pool)
    digest = digest_of(first)
    given = digest if way == "parameter" else ""
    second = open_session(confirm=given)
    assert follow(second, pool, confirm="" if given else digest) == ""
    assert pool.processes == 2
    assert outcomes(second) == {"the pool has grown": "passed", NO_OPEN_STEP: "passed"}
    assert events(second) == ["issued", "confirmed", "before", "after", "verified"]


def test_run_all_with_a_remembered_confirmation_does_nothing(
    open_session: Opener, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The confirmation was spent; the refusal says so."""
    first = open_session()
    follow(first, pool)
    follow(open_session(confirm=digest_of(first)), pool)
    pool.processes = 1
    assert follow(open_session(confirm=digest_of(first)), pool)
    assert pool.processes == 1
    assert "refused: it was spent at" in capsys.readouterr().out


def test_the_cell_may_run_again(open_session: Opener, pool: Pool) -> None:
    """A step that was done in this run is not done again, and the run still passes."""
    runbook = open_session()
    follow(runbook, pool)
    runbook.act(digest_of(runbook))
    runbook.act(digest_of(runbook))
    assert pool.processes == 2
    assert runbook._record.list_open() == []


def test_another_decision_replaces_the_open_steps(
    open_session: Opener, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run, then a changed parameter and the confirmation in one notebook: no step is open."""
    runbook = open_session()
    wider = pool.action("grow the pool from 1 to 3")
    for step in (pool.action(), wider):
        runbook.decide([Row("too few", True, "1 process", step)])
        runbook.act()
    assert runbook._record.list_open() == ["grow the pool from 1 to 3 (not confirmed)"]
    runbook.act(digest_of(runbook))
    runbook.hand_over()
    note = capsys.readouterr().out.partition("**Done**")[2]
    assert "grow the pool from 1 to 3: 2 processes" in note
    assert note.rstrip().endswith("**Open**\n- nothing")


def test_the_note_has_no_check_of_an_earlier_end(
    open_session: Opener, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run All ends red while the step is open; the note after the confirmation is not red."""
    runbook = open_session()
    runbook.decide([Row("too few", True, "1 process", pool.action())])
    runbook.act()
    digest = digest_of(runbook)
    with pytest.raises(ChecksFailedError):
        runbook.conclude()
    runbook.act(digest)
    capsys.readouterr()
    runbook.hand_over()
    assert "failed" not in capsys.readouterr().out


def test_a_step_stays_open_until_it_is_done(open_session: Opener, pool: Pool) -> None:
    """A table that still has it does not close it."""
    runbook = open_session()
    follow(runbook, pool)
    runbook.decide([Row("too few", True, "1 process", pool.action())])
    assert runbook._record.list_open() == ["grow the pool from 1 to 2 (not confirmed)"]


def test_another_state_refuses(
    open_session: Opener, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The state is read anew at the confirmation."""
    first = open_session()
    follow(first, pool)
    pool.processes = 5
    assert follow(open_session(confirm=digest_of(first)), pool)
    assert pool.processes == 5
    assert "processes was 1, is 5" in capsys.readouterr().out


@pytest.mark.parametrize("change", [{"queue": "scans"}, {"environment": "other"}])
def test_other_parameters_or_another_target_refuse(
    open_session: Opener, pool: Pool, change: dict[str, Any]
) -> None:
    """A digest of one target does nothing on another."""
    first = open_session()
    follow(first, pool)
    assert follow(open_session(confirm=digest_of(first), **change), pool)
    assert pool.processes == 1


def test_an_edited_notebook_refuses(
    open_session: Opener, pool: Pool, write_runbook: Callable[..., Path]
) -> None:
    """A confirmation in a cell is no edit; another cell is one."""
    first = open_session()
    follow(first, pool)
    write_runbook("runbook.act()", "print(1)")
    assert follow(open_session(confirm=digest_of(first)), pool)
    assert pool.processes == 1
    write_runbook(f'runbook.act(confirm="{digest_of(first)}")')
    assert follow(open_session(confirm=digest_of(first)), pool) == ""


def test_production_requires_a_name(
    open_session: Opener, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a name the confirmation is refused, and not spent."""
    first = open_session("production")
    follow(first, pool)
    assert follow(open_session("production", confirm=digest_of(first)), pool)
    assert "--i-am" in capsys.readouterr().out
    named = open_session("production", confirm=digest_of(first), i_am="Ann")
    assert follow(named, pool) == ""
    assert named._history.read()[-2]["who"] == "Ann"


def test_a_confirmation_of_one_step_leaves_the_other_a_dry_run(
    open_session: Opener, pool: Pool
) -> None:
    """Each step needs its own."""
    other = Pool()
    rows = [
        Row("too few", True, "1", pool.action()),
        Row("too few elsewhere", True, "1", other.action("grow the other pool")),
    ]
    first = open_session()
    follow(first, pool, *rows)
    digest = next(row["digest"] for row in first._history.read() if "other" not in row["does"])
    second = open_session(confirm=digest)
    assert NO_OPEN_STEP in follow(second, pool, *rows)
    assert (pool.processes, other.processes) == (2, 1)


def test_an_action_that_fails_leaves_its_step_open(
    open_session: Opener, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its failure is in the journal, and nothing is verified."""
    first = open_session()
    follow(first, pool)
    pool.error = "the worker does not answer"
    second = open_session(confirm=digest_of(first))
    assert follow(second, pool)
    assert "failed: the worker does not answer" in capsys.readouterr().out
    assert second._history.read()[-1]["outcome"] == "failed"
    assert outcomes(second)["the pool has grown"] == "skipped"


def test_a_stop_condition_keeps_every_action_from_being_done(
    open_session: Opener, pool: Pool
) -> None:
    """The stop condition is in the verdict; once it no longer applies, nothing is left of it."""
    runbook = open_session()
    runbook.stop_when("memory above 95 %: call Ben", applies=True, observed="97 %")
    assert follow(runbook, pool)
    assert events(runbook) == []
    again = open_session()
    again.stop_when("memory above 95 %: call Ben", applies=True, observed="97 %")
    again.stop_when("memory above 95 %: call Ben", applies=False, observed="40 %")
    follow(again, pool)
    assert events(again) == ["issued"]


def test_a_persons_step_is_printed_and_stays_open(
    open_session: Opener, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run ends open with the command."""
    step = Manual("restart it", "systemctl restart worker", "no action is named")
    assert follow(open_session(), pool, Row("gone", True, "no answer", step))
    assert "systemctl restart worker" in capsys.readouterr().out


def test_without_a_row_that_applies_it_passes(open_session: Opener, pool: Pool) -> None:
    """Nothing was wrong, and nothing is offered, even with a remembered confirmation."""
    runbook = open_session(confirm="0123456789ab")
    assert follow(runbook, pool, Row("too few", False, "2 processes")) == ""
    assert events(runbook) == []


def test_the_opening_has_the_target_the_contact_and_the_last_action(
    open_session: Opener, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next user sees the last action and its user."""
    first = open_session()
    follow(first, pool)
    follow(open_session(confirm=digest_of(first), i_am="Ann"), pool)
    capsys.readouterr()
    open_session().show_opening()
    text = capsys.readouterr().out
    assert "environment staging" in text
    assert "ONCALL_CONTACTS names nobody" in text
    assert "by Ann: grow the pool from 1 to 2: 2 processes" in text


def test_a_second_person_is_refused_by_name(
    open_session: Opener, pool: Pool, place: MemoryPlace, capsys: pytest.CaptureFixture[str]
) -> None:
    """The confirmation is not spent; the opening shows its user, and the end releases the lock."""
    ann = IncidentLock(place)
    ann.take("Ann", "worker_is_gone", is_named=True)
    first = open_session()
    first.show_opening()
    assert "acting       Ann acts since" in capsys.readouterr().out
    follow(first, pool)
    digest = digest_of(first)
    assert follow(open_session(confirm=digest, i_am="Ben"), pool)
    shown = capsys.readouterr().out
    assert place.holder is not None
    assert f"refused: Ann acts since {place.holder.since} (worker_is_gone), at the latest" in shown
    assert f"until {place.holder.ends_at}" in shown
    assert "remedy    agree with the person who acts" in shown
    assert (pool.processes, events(first)[-1]) == (1, "refused")
    ann.release()
    assert follow(open_session(confirm=digest, i_am="Ben"), pool) == ""
    assert place.holder is None


def test_without_the_incident_lock_nothing_is_done(
    open_session: Opener, pool: Pool, place: MemoryPlace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A place that does not answer refuses the action in words; a look goes on."""
    first = open_session()
    follow(first, pool)
    place.error = UnreachableError("redis://h:1/0 does not answer.")
    second = open_session(confirm=digest_of(first))
    second.show_opening()
    assert follow(second, pool)
    shown = capsys.readouterr().out
    assert "refused: the incident lock cannot be taken" in shown
    assert "remedy    let the place of the lock answer" in shown
    assert pool.processes == 1


def test_a_refused_confirmation_leaves_no_lock(open_session: Opener, pool: Pool) -> None:
    """The next person need not wait for a run that did nothing."""
    session = open_session()
    session.decide([Row("too few", True, "1 process", pool.action())])
    session.act("0123456789ab")
    assert session._lock.describe() == "nobody: the incident lock is free"


def make_unwritable(runbook: Runbook, patch: pytest.MonkeyPatch, *events: str) -> None:
    """Let the journal refuse these events, as a full disk does."""
    history, append = runbook._history, runbook._history.append_locked

    def refuse(event: str, **fields: Any) -> Any:
        if event in events:
            raise OSError(28, "No space left on device")
        return append(event, **fields)

    patch.setattr(history, "append_locked", refuse)


@pytest.mark.parametrize("event", ["issued", "confirmed", "before"])
def test_without_a_journal_nothing_is_done(
    open_session: Opener,
    pool: Pool,
    place: MemoryPlace,
    event: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The step stays open, in words, and the lock is free again."""
    first = open_session()
    follow(first, pool)
    second = open_session(confirm="" if event == "issued" else digest_of(first))
    make_unwritable(second, monkeypatch, event)
    assert NO_OPEN_STEP in follow(second, pool)
    assert "every step must be journalled" in capsys.readouterr().out
    assert (pool.processes, place.holder) == (1, None)


def test_an_action_whose_end_cannot_be_journalled_counts(
    open_session: Opener,
    pool: Pool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It was done; the run says so, verifies, and names the gap."""
    first = open_session()
    follow(first, pool)
    second = open_session(confirm=digest_of(first))
    make_unwritable(second, monkeypatch, "after", "verified")
    assert follow(second, pool) == ""
    assert "NOT JOURNALLED" in capsys.readouterr().out
    assert pool.processes == 2


def test_a_journal_that_cannot_be_read_does_not_stop_a_look(
    open_session: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    """The opening names the reason."""
    runbook = open_session()
    runbook._history.path.parent.mkdir(exist_ok=True)
    runbook._history.path.mkdir()
    runbook.show_opening()
    assert "last action  unknown:" in capsys.readouterr().out


def test_a_hostile_name_is_one_short_line(open_session: Opener) -> None:
    """It is written to the journal, the lock and the note."""
    who = open_session(i_am="Ann\n\x1b[31m<b>" + "x" * 10_000).who
    assert who.startswith("Ann <b>x")
    assert len(who) == 80
    assert "@" in open_session(i_am=" \n").who
