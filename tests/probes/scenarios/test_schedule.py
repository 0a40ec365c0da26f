import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from securenet_obs.errors import NotFoundError, UnreachableError
from securenet_obs.probes import (
    TaskProbe,
    find_misdated_entries,
    open_telemetry,
    wait_for_beat_entry,
    wait_for_check_in,
    wait_for_dispatch,
)
from securenet_obs.probes.telemetry.readers import CheckIn
from securenet_obs.settings import Settings
from securenet_obs.stack.local_stack import TENANTS

TASK = "workers.tasks.echo"
BEGAN = pd.Timestamp("2026-11-23T10:00:00Z")


def line(event: str, second: int, **fields: Any) -> str:
    at = f"2026-11-23T10:00:{second:02d}.000000Z"
    return json.dumps({"timestamp": at, "event": event, "task": TASK, **fields}) + "\n"


def dispatch_of(folder: Path, *lines: str, deadline_s: float = 0.0) -> Any:
    (folder / "a.log").write_text("".join(lines))
    return wait_for_dispatch(folder, task=TASK, since=BEGAN, deadline_s=deadline_s)


def test_dispatch_is_complete_after_every_tenants_task(tmp_path: Path) -> None:
    """Tasks of other requests are ignored."""
    dispatch = dispatch_of(
        tmp_path,
        line("dispatched", 1, tenants=2, request_id="r1"),
        line("task_succeeded", 2, request_id="r1", tenant_id="a", task_id="t1"),
        line("task_succeeded", 3, request_id="r2", tenant_id="b", task_id="t2"),
    )
    assert (dispatch.tenants, dispatch.missing_tenants) == (2, 1)
    assert list(dispatch.successful_tasks.tenant_id) == ["a"]


def test_repeated_task_counts_for_one_tenant(tmp_path: Path) -> None:
    """Two tasks of one tenant do not replace the task of another."""
    ran = [line("task_succeeded", 2, request_id="r1", tenant_id="a") for _ in range(2)]
    sent = line("dispatched", 1, tenants=2, request_id="r1")
    assert dispatch_of(tmp_path, sent, *ran).missing_tenants == 1


@pytest.mark.parametrize("text", ["", line("task_succeeded", 2, request_id="r1", tenant_id="a")])
def test_a_missing_dispatcher_line_means_no_dispatch_was_seen(tmp_path: Path, text: str) -> None:
    """Without the dispatcher's line the number of tenants is unknown."""
    assert dispatch_of(tmp_path, text or "{}\n").tenants == 0


class Entries:
    """A probe whose beat has recorded these entries."""

    def __init__(self, found: pd.DataFrame) -> None:
        self.found = found

    def beat_entries(self) -> pd.DataFrame:
        """Return them."""
        return self.found


def entries(**due_in_s: tuple[float, float]) -> pd.DataFrame:
    """Return entries by the seconds until they are due, and their periods."""
    now = pd.Timestamp.now("UTC")
    rows = [(now + pd.Timedelta(seconds=due), period) for due, period in due_in_s.values()]
    return pd.DataFrame(rows, columns=["next", "period"], index=list(due_in_s))


@given(period=st.floats(1, 1e6), share=st.floats(-1, 3))
def test_an_entry_beyond_its_period_is_misdated(period: float, share: float) -> None:
    """The next time may lie within the period, or in the past, and no further away."""
    assume(abs(share - 1) * period > 1)
    found = find_misdated_entries(entries(entry=(share * period, period)), tolerance_s=0.0)
    assert found == (["entry"] if share > 1 else [])


def test_an_entry_without_a_period_is_not_judged() -> None:
    """A beat of an older release does not record it."""
    assert find_misdated_entries(entries(entry=(1e6, math.nan))) == []


def test_running_beat_sends_its_canary(target: Settings) -> None:
    """The entry is sent repeatedly; an unknown entry never is."""
    probe = TaskProbe(target)
    began = pd.Timestamp.now("UTC")
    sent = wait_for_beat_entry(probe, "schedule-canary", began, 120)
    assert sent is not None
    assert sent > began
    assert wait_for_beat_entry(probe, "no such entry", began, 0.3) is None


@given(ahead_s=st.floats(-3600, 1e8), tolerance_s=st.floats(0, 600))
def test_a_last_time_in_the_future_is_no_sending(ahead_s: float, tolerance_s: float) -> None:
    """A time after now, beyond the tolerance, was recorded by a wrong clock."""
    assume(abs(ahead_s - tolerance_s) > 1)
    last = pd.Timestamp.now("UTC") + pd.Timedelta(seconds=ahead_s)
    probe: Any = Entries(pd.DataFrame({"last": [last]}, index=["entry"]))
    began = last - pd.Timedelta(seconds=1)
    found = wait_for_beat_entry(probe, "entry", began, 0, tolerance_s=tolerance_s)
    assert found == (last if ahead_s < tolerance_s else None)


def test_dispatch_of_the_running_stack_is_complete(target: Settings) -> None:
    """The lines of dispatcher and worker show a successful task for each tenant."""
    dispatch = wait_for_dispatch(
        target.log_source,
        task="securenet_obs.workers.tasks.echo_canary",
        since=pd.Timestamp.now("UTC"),
        deadline_s=120,
    )
    # Other tests of the session may have added tenants of their own.
    ran = set(dispatch.successful_tasks.tenant_id)
    assert (dispatch.tenants, dispatch.missing_tenants) == (len(ran), 0)
    assert ran >= set(TENANTS)


class Reader:
    """A reader with these check-ins, newest first; none are not found."""

    def __init__(self, *check_ins: CheckIn) -> None:
        self.found = list(check_ins)

    def check_ins(self, monitor: str, deadline_s: float) -> list[CheckIn]:
        """Return them."""
        if not self.found:
            raise NotFoundError(monitor)
        return self.found


def check_in(status: str, second: int) -> CheckIn:
    return CheckIn(status, BEGAN.to_pydatetime() + pd.Timedelta(seconds=second))


@pytest.mark.parametrize(
    ("check_ins", "status"),
    [
        ([], None),
        ([check_in("ok", -1)], None),
        ([check_in("ok", 9), check_in("error", 5), check_in("ok", -1)], "error"),
        ([check_in("ok", 9), check_in("in_progress", 5)], "in_progress"),
    ],
)
def test_the_first_check_in_since_a_time_counts(check_ins: Any, status: str | None) -> None:
    """An earlier one proves nothing, and a later one does not hide it."""
    reader: Any = Reader(*check_ins)
    found = wait_for_check_in(reader, "canary", BEGAN, 0)
    assert (found.status if found else None) == status


class Held(Reader):
    """A reader of a backend that is held for two seconds."""

    def check_ins(self, monitor: str, deadline_s: float) -> list[CheckIn]:
        """Return them if the caller waits for so long."""
        if deadline_s < 2:
            raise UnreachableError("timed out")
        return super().check_ins(monitor, deadline_s)


def test_a_backend_that_is_held_for_a_look_is_not_unreachable() -> None:
    """A look for the check-in has the time until the deadline."""
    reader: Any = Held(check_in("ok", 5))
    found = wait_for_check_in(reader, "canary", BEGAN, 60)
    assert found == check_in("ok", 5)


def test_running_beat_checks_in(target: Settings) -> None:
    """Beat begins the check-in, and the worker ends it."""
    began = pd.Timestamp.now("UTC")
    found = wait_for_check_in(open_telemetry(target), "schedule-canary", began, 120)
    assert found is not None
    assert found.status == "ok"
