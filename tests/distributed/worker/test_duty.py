"""The schedule sends every validation."""

import json
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.distributed.names import DISPATCH, SLOT_KEY
from securenet_obs.distributed.sending import sender
from securenet_obs.runner.evidence.folder import verify
from securenet_obs.workers.windows import WINDOW_HEADER
from tests.distributed.fleet import Fleet
from tests.waiting import eventually

pytestmark = pytest.mark.stack


def test_the_schedule_runs_every_validation_and_closes_its_evidence(project: Fleet) -> None:
    """The task that beat sends: the last run's worker closes; a second delivery is idle."""
    project.write_notebook("01_scheduled")
    project.write_notebook("02_scheduled", observed=2)
    window = "2026-11-27T03:00Z"
    for _ in range(2):
        sender(project.broker).send_task(DISPATCH, headers={WINDOW_HEADER: window})

    def closed() -> list[Path]:
        return list(project.place.glob("20261127T030000Z-*/run.json"))

    assert eventually(closed, 60), project.log(1) + project.log(2)
    (path,) = closed()
    manifest: dict[str, Any] = json.loads(path.read_text())
    assert [row["verdict"] for row in manifest["runs"]] == ["passed", "failed"]
    assert (manifest["verdict"], verify(path.parent)) == ("failed", [])
    assert project.client.get(SLOT_KEY) == window
