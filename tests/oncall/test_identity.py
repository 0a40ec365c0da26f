"""Identity of a run: target, cells, parameters; found under the runner and in JupyterLab."""

from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.oncall.identity import (
    compute_cells_digest,
    describe_target,
    find_evidence_root,
    find_runbook,
    find_user,
    read_parameters,
)
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.settings import Settings


def test_a_target_is_described_without_secrets() -> None:
    """Host and database of Redis, the Sentry project, the environment."""
    settings = Settings(
        redis_url="redis://:s3cr3t@h:6380/4",
        sentry_url="https://sentry.example",
        sentry_org="o",
        sentry_project="p",
        environment="staging",
    )
    assert describe_target(settings) == {
        "redis": "redis://h:6380/4",
        "sentry": "https://sentry.example o/p",
        "environment": "staging",
    }


def test_a_confirmation_does_not_change_the_cells(write_runbook: Callable[..., Path]) -> None:
    """Nor does a parameter's default; any other edit does."""
    before = compute_cells_digest(read_notebook(write_runbook("runbook.act()", "x = 1")))
    plain = compute_cells_digest(
        read_notebook(write_runbook('confirm = "0a1b2c"  # printed', "runbook.act()", "x = 1"))
    )
    given = compute_cells_digest(
        read_notebook(write_runbook('runbook.act(confirm="0a1b2c")', "x = 1"))
    )
    edited = compute_cells_digest(read_notebook(write_runbook("runbook.act()", "x = 2")))
    assert given == plain == before
    assert edited != before


def test_parameters_are_their_present_values(write_runbook: Callable[..., Path]) -> None:
    """Those that confirm are left out."""
    notebook = read_notebook(write_runbook())
    values = {"queue": "scans", "confirm": "x", "i_am": "Ann", "other": 1}
    assert read_parameters(notebook, values) == {"queue": "'scans'"}


def test_a_runbook_is_found_from_its_own_folder(
    write_runbook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """JupyterLab starts a kernel in the notebook's folder; its evidence is the project's."""
    path = write_runbook("x = 1")
    monkeypatch.delenv("SECURENET_OBS_NOTEBOOK")
    monkeypatch.delenv("SECURENET_OBS_EVIDENCE", raising=False)
    monkeypatch.chdir(path.parent)
    assert find_runbook("a_symptom").path == path
    assert find_evidence_root() == path.parent.parent / "evidence"
    monkeypatch.setenv("SECURENET_OBS_EVIDENCE_ROOT", "/of/lab")
    assert find_evidence_root() == Path("/of/lab")
    monkeypatch.setenv("SECURENET_OBS_EVIDENCE", "/e/20261126T000000Z-1a2b3c4d")
    assert find_evidence_root() == Path("/e")


def test_the_user_has_a_host() -> None:
    """Two people on two machines differ."""
    user, _, host = find_user().partition("@")
    assert user
    assert host


def test_a_huge_parameter_is_bound_by_its_digest(write_runbook: Callable[..., Path]) -> None:
    """The journal is read by each run; two huge values that begin alike differ."""
    notebook = read_notebook(write_runbook("1"))
    values = [read_parameters(notebook, {"queue": "x" * 1_000_000 + end}) for end in "ab"]
    assert len(values[0]["queue"]) < 1_000
    assert values[0] != values[1]
