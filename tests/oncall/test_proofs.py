"""The list of runbooks warns loudly of a proof that is missing, failed or old."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.oncall.history import NAME, History
from securenet_obs.oncall.proofs import (
    MAX_AGE_D,
    RunbookProof,
    summarise_warnings,
    tabulate_proofs,
)

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
    shown = f"{row.at[:16].replace('T', ' ')} {row.outcome.replace('failed', 'FAILED')}"
    assert row.to_row()["last proved"] == (shown if entries else "never")


def test_the_last_cross_proof_is_shown_and_counts(
    write_runbook: Callable[..., Path], tmp_path: Path
) -> None:
    """One that failed is a warning, although the runbook mends its own fault."""
    write_runbook("1")
    journal = History(tmp_path)
    journal.append("proved", outcome="passed", **PROVED)
    (row,) = tabulate_proofs(tmp_path, journal)
    assert (row.to_row()["last crossed"], row.warning) == ("never", "")
    journal.append("crossed", outcome="failed", **PROVED)
    (row,) = tabulate_proofs(tmp_path, journal)
    assert row.to_row()["last crossed"] == f"{row.crossed_at[:16].replace('T', ' ')} FAILED"
    assert row.warning == "The last cross-proof of a_symptom FAILED: it stayed red"


def test_runbooks_without_a_proof_are_one_sentence() -> None:
    """A new clone has proved none: the command is named once."""
    never = [RunbookProof(name, "t", "page", True, "d") for name in ("a", "b")]
    failed = RunbookProof("c", "t", "page", True, "d", at="2026", warning="it FAILED")
    assert summarise_warnings(never) == [
        "2 of 2 runbooks were never proved here; run `securenet-obs runbooks prove`."
    ]
    assert summarise_warnings([*never, failed]) == [
        "2 of 3 runbooks were never proved here; run `securenet-obs runbooks prove a b`.",
        "it FAILED",
    ]
    assert summarise_warnings([replace(failed, warning="")]) == []
