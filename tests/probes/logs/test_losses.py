"""Losses of events are those of a process since its last start, and lately."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from securenet_obs.probes.logs.losses import read_losses

DISABLED = {"event": "sentry_disabled"}
READY = {"event": "worker@vm ready."}
LOST = {"event": "sentry_events_lost", "lost": {"error: network_error": 2, "error: unscrubbed": 1}}
AGAIN = {"event": "sentry_reached_again"}
OLD = {**LOST, "timestamp": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
ODD = {**LOST, "lost": ["error"], "timestamp": 1}


def write(path: Path, *rows: dict[str, object]) -> str:
    """Write a log of a worker; return its path."""
    common = {"service": "worker", "release": "r1", "timestamp": datetime.now(UTC).isoformat()}
    path.write_text("".join(json.dumps({**common, **row}) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize(
    ("rows", "lost", "is_disabled"),
    [
        ((READY,), 0, False),
        ((READY, LOST, LOST), 6, False),
        ((READY, LOST, READY), 0, False),
        ((READY, OLD, ODD), 0, False),
        ((DISABLED, READY), 0, True),
        ((DISABLED, READY, {"event": "x"}, READY), 0, False),
        ((READY, DISABLED, READY, LOST), 3, True),
        ((LOST,), 3, False),
    ],
)
def test_losses_end_with_a_restart(
    tmp_path: Path, rows: tuple[dict[str, object], ...], lost: int, is_disabled: bool
) -> None:
    """A process without a DSN logs that before its start."""
    (found,) = read_losses(write(tmp_path / "worker.log", *rows), 600)
    assert (found.service, found.release) == ("worker", "r1")
    assert (found.lost.total(), found.is_disabled) == (lost, is_disabled)


def test_reasons_are_named_without_counts(tmp_path: Path) -> None:
    """The state of a confirmation must not change with each further loss."""
    (found,) = read_losses(write(tmp_path / "worker.log", DISABLED, READY, LOST), 600)
    assert found.reasons == "SENTRY_DSN is empty, network_error, unscrubbed"
    assert found.has("unscrubbed")
    assert not found.has("rate_limited")
    assert found.has_other("unscrubbed")
    assert not found.has_other("unscrubbed", "network_error")


def test_an_outage_ends_with_an_accepted_event(tmp_path: Path) -> None:
    """It mends neither a hook nor a quota, and a later loss is another outage."""
    limited = {**LOST, "lost": {"error: rate_limited": 1, "error: queue_overflow": 5}}
    rows = (READY, LOST, limited, AGAIN)
    (found,) = read_losses(write(tmp_path / "worker.log", *rows), 600)
    assert found.lost == {"error: unscrubbed": 1, "error: rate_limited": 1}
    assert found.over == 7
    (found,) = read_losses(write(tmp_path / "worker.log", *rows, LOST), 600)
    assert found.has("network_error")
