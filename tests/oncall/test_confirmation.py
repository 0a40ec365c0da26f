"""A confirmation permits one action, once, for minutes, while nothing has changed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.oncall.confirmation import (
    MAX_AHEAD_S,
    VALID_S,
    Request,
    find_issued,
    issue,
    spend,
)
from securenet_obs.oncall.history import NAME, History
from tests.oncall.locks.conftest import take_at_once

FACTS = {
    "notebook": {"r": "cells"},
    "parameters": {"queue": "'logs'"},
    "target": {"redis": "redis://h:1/0"},
    "action": {"name": "grow", "does": "grow it"},
    "state": {"processes": "1"},
}


def request(**changes: Any) -> Request:
    return Request("r", "grow", "grow it", {**FACTS, **changes}, "ann")


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def test_a_dry_run_can_be_confirmed_once(history: History) -> None:
    """The second use is refused, and names the first."""
    digest = issue(history, request())
    assert find_issued(history, digest) is not None
    assert spend(history, request(), digest) == ""
    assert "it was spent at" in spend(history, request(), digest)
    assert [row["event"] for row in history.read()] == ["issued", "confirmed", "refused"]


def test_two_dry_runs_of_one_state_have_different_digests(history: History) -> None:
    """A spent digest is not valid again after another dry run."""
    assert issue(history, request()) != issue(history, request())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"notebook": {"r": "edited"}}, "notebook: r was cells, is edited"),
        ({"parameters": {"queue": "'scans'"}}, "parameters: queue was 'logs', is 'scans'"),
        ({"target": {"redis": "redis://prod:1/0"}}, "is redis://prod:1/0"),
        ({"action": {"name": "grow", "does": "grow all"}}, "action: does was grow it"),
        ({"state": {"processes": "2"}}, "state: processes was 1, is 2"),
        ({"state": {"processes": "1", "queues": "2"}}, "state: queues was None, is 2"),
    ],
)
def test_a_change_since_the_dry_run_refuses_it(
    history: History, changes: dict[str, Any], reason: str
) -> None:
    """The refusal names each fact that has changed; the confirmation is not spent by it."""
    digest = issue(history, request())
    assert reason in spend(history, request(**changes), digest)
    assert spend(history, request(), digest) == ""


def test_a_masked_fact_is_bound_as_well(history: History) -> None:
    """Two secrets that the journal masks alike are different facts."""
    digest = issue(history, request(parameters={"password": "first-secret-1"}))
    assert spend(history, request(parameters={"password": "other-secret-2"}), digest)


def test_an_old_dry_run_is_refused(history: History, tmp_path: Path) -> None:
    """It is valid for 15 minutes."""
    digest = issue(history, request())
    entry = json.loads((tmp_path / NAME).read_text())
    at = datetime.now(UTC) - timedelta(seconds=VALID_S + 1)
    (tmp_path / NAME).write_text(json.dumps({**entry, "at": at.isoformat()}) + "\n")
    assert "it expired" in spend(history, request(), digest)


def test_a_clock_that_was_set_back_extends_nothing(history: History, tmp_path: Path) -> None:
    """A dry run of the future would be valid for longer than 15 minutes."""
    digest = issue(history, request())
    entry = json.loads((tmp_path / NAME).read_text())
    at = datetime.now(UTC) + timedelta(seconds=MAX_AHEAD_S + 10)
    (tmp_path / NAME).write_text(json.dumps({**entry, "at": at.isoformat()}) + "\n")
    assert "the clock was set back" in spend(history, request(), digest)


def test_of_several_processes_one_may_act(history: History) -> None:
    """They spend the same confirmation at the same time."""
    digest = issue(history, request())
    assert take_at_once(lambda: spend(history, request(), digest) == "") == [False] * 3 + [True]
    events = [row["event"] for row in history.read()]
    assert sorted(events) == ["confirmed", "issued", "refused", "refused", "refused"]


def test_a_huge_confirmation_is_refused_in_few_words(history: History, tmp_path: Path) -> None:
    """The journal is read by each run."""
    assert len(spend(history, request(), "a" * 1_000_000)) < 200
    assert (tmp_path / NAME).stat().st_size < 2_000


@pytest.mark.parametrize("field", ["serial", "facts", "does", "at"])
def test_a_tampered_dry_run_is_refused(history: History, tmp_path: Path, field: str) -> None:
    """Without one of its fields, or with another type, it has issued nothing."""
    digest = issue(history, request())
    entry = json.loads((tmp_path / NAME).read_text())
    (tmp_path / NAME).write_text(json.dumps({**entry, field: 1}) + "\n")
    assert "no dry run has issued" in spend(history, request(), digest)


def test_facts_that_were_exchanged_in_the_journal_confirm_nothing(
    history: History, tmp_path: Path
) -> None:
    """The digest is of the facts themselves."""
    digest = issue(history, request(state={"processes": "9"}))
    text = (tmp_path / NAME).read_text()
    (tmp_path / NAME).write_text(text.replace('"processes": "9"', '"processes": "1"'))
    assert spend(history, request(), digest)


def test_an_unknown_digest_is_refused(history: History) -> None:
    """A guess, or a dry run that another journal has."""
    assert "no dry run has issued" in spend(history, request(), "0123456789ab")
    assert find_issued(history, "0123456789ab") is None
