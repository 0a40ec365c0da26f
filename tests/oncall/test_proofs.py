"""The list of runbooks warns loudly of a proof that is missing, failed or old."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.oncall.history import NAME, History
from securenet_obs.oncall.proofs import MAX_AGE_D, tabulate_proofs

PROVED = {"runbook": "a_symptom", "target": {"name": "local stack x"}, "problem": "it stayed red"}


@pytest.mark.parametrize(
    ("entries", "warning"),
    [
        ([], "was never proved here"),
        ([("passed", 0.0)], ""),
        ([("passed", 1.0), ("failed", 0.0)], "FAILED: it stayed red"),
        ([("failed", 1.0), ("passed", 0.0)], ""),
        ([("passed", MAX_AGE_D + 1)], "was proved 31 days ago"),
    ],
)
def test_the_last_proof_counts(
    write_runbook: Callable[..., Path],
    tmp_path: Path,
    entries: list[tuple[str, float]],
    warning: str,
) -> None:
    """A warning names the command that proves it, or the reason for the failure."""
    write_runbook("1")
    lines: list[dict[str, Any]] = [
        {
            "at": (datetime.now(UTC) - timedelta(days=age_d)).isoformat(),
            "event": "proved",
            "outcome": outcome,
            **PROVED,
        }
        for outcome, age_d in entries
    ]
    (tmp_path / NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (row,) = tabulate_proofs(tmp_path, History(tmp_path))
    assert (warning in row.warning) if warning else (row.warning == "")
    assert row.to_row()["last proved"] == (
        "NEVER" if not entries else row.at[:16].replace("T", " ")
    )
