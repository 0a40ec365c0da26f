"""Each cause of a silent Sentry has its row and its step."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from securenet_obs.monitoring.sentry.recorder import SentryRecorder, recording_sentry
from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.symptoms import sentry_is_silent
from securenet_obs.oncall.symptoms.sentry_is_silent import SentryIsSilent
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings
from tests.probes.logs.test_losses import AGAIN, DISABLED, LOST, READY, write

LOST_TO_SENTRY = {**LOST, "lost": {"error: network_error": 2}}


@pytest.fixture
def sentry() -> Iterator[SentryRecorder]:
    """Yield a Sentry whose answers can be set."""
    with recording_sentry() as recorder:
        yield recorder


def look(dsn: str, log: str) -> tuple[SentryIsSilent, list[Row]]:
    """Return the symptom after a look, and the rows that apply."""
    symptom = SentryIsSilent(Settings(sentry_dsn=dsn, log_source=log), deadline_s=1.0)
    symptom.look()
    symptom.processes()
    return symptom, [row for row in symptom.decide() if row.applies]


@pytest.mark.parametrize(
    ("status", "finding", "command"),
    [
        (403, "Sentry refuses the target's DSN", "securenet-obs probe sentry"),
        (429, "the quota is used up", "raise_sentry_quota"),
        (502, "Sentry does not answer", "start_sentry"),
    ],
)
def test_the_answer_names_the_cause(
    sentry: SentryRecorder, tmp_path: Path, status: int, finding: str, command: str
) -> None:
    """A process that loses events because of Sentry itself is not restarted."""
    sentry.status = status
    symptom, (row,) = look(sentry.dsn, write(tmp_path / "worker.log", READY, LOST_TO_SENTRY))
    assert row.finding == finding
    assert f"it answered {status}" in row.why
    assert isinstance(row.step, Manual)
    assert row.step.command == command
    assert symptom.verify_probe().observed == "before: not stored; now: not stored"


def test_a_closed_port_is_no_answer(tmp_path: Path) -> None:
    """The row has the reason."""
    dsn = f"http://key@127.0.0.1:{find_free_ports(1)[0]}/1"
    _, (row,) = look(dsn, write(tmp_path / "worker.log", READY))
    assert row.finding == "Sentry does not answer"
    assert "no answer: " in row.why


def test_losses_of_a_process_are_told_apart(sentry: SentryRecorder, tmp_path: Path) -> None:
    """A process without a DSN, and one whose hook drops events."""
    sentry.status = 503
    log = write(tmp_path / "worker.log", DISABLED, READY, LOST)
    _, rows = look(sentry.dsn, log)
    assert [row.finding for row in rows] == [
        "Sentry does not answer",
        "worker does not reach Sentry",
        "a hook of worker drops its events",
    ]
    steps = [row.step.command for row in rows if isinstance(row.step, Manual)]
    assert steps[1:] == ["restore_sentry_dsn service=worker", "roll_back service=worker"]


@pytest.mark.parametrize("ends", [False, True])
def test_an_outage_that_is_over_offers_no_restart(
    sentry: SentryRecorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    """Only a process that has not reached Sentry since its losses is restarted."""
    monkeypatch.setattr(sentry_is_silent, "open_error_events", lambda _: Mock(find=Mock()))
    rows = (READY, LOST_TO_SENTRY, *[AGAIN] * ends)
    symptom, _ = look(sentry.dsn, write(tmp_path / "worker.log", *rows))
    (row,) = [row for row in symptom.decide() if row.finding == "worker does not reach Sentry"]
    assert row.applies is not ends
    assert ("0 events lost lately; 2 before it reached Sentry again" in row.why) is ends


def test_a_quota_is_noticed_in_the_logs(sentry: SentryRecorder, tmp_path: Path) -> None:
    """The look's own event may fit into it."""
    sentry.status = 503
    limited = {**LOST, "lost": {"error: rate_limited": 1}}
    _, rows = look(sentry.dsn, write(tmp_path / "worker.log", READY, limited))
    assert "the quota is used up" in [row.finding for row in rows]
    assert "worker does not reach Sentry" not in [row.finding for row in rows]


def test_what_a_backend_cannot_show_is_skipped_with_the_reason() -> None:
    """Bugsink has no discards."""
    symptom = SentryIsSilent(Settings(sentry_backend="bugsink"))
    assert symptom.discards().to_dict("records") == [
        {"discards": "skipped", "reason": "bugsink keeps no discards and no quota."}
    ]
    assert "all errors are sent" in symptom.sampling()
