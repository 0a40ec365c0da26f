"""Dead letters on the command line: listed, shown, requeued once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stores import create_sqlite

Call = Callable[..., Any]

# A worker's own tracer runs a failing task, and the worker's code records its dead letter.
FAIL = """
from celery.app.trace import build_tracer
from securenet_obs.workers.celery_app import celery_app
from securenet_obs.workers.tasks import run_vulnerability_scan as task

def breaks(*_):
    raise ValueError("it [broke]\\nand more")

task.run = breaks
trace = build_tracer(task.name, task, app=celery_app)
ids = {"securenet_tenant_id": "acme", "securenet_request_id": "r" * 16}
for number, argument in enumerate(("acme", "password=hunter2")):
    trace(f"task-{number}", [argument], {}, {"id": f"task-{number}", "args": [argument], **ids})
"""


@pytest.fixture
def target(call: Call, tmp_path: Path, redis_server: Any) -> Path:
    """Return the env file of a target with two dead letters, one with masked arguments."""
    file = tmp_path / "target.env"
    variables = {
        **redis_server.environment,
        "DATABASE_URL": create_sqlite(tmp_path / "store.sqlite3"),
        "SENTRY_URL": "http://127.0.0.1:8000",
        "SENTRY_BACKEND": "bugsink",
        "SENTRY_PROJECT": "1",
    }
    file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    script = tmp_path / "fail.py"
    script.write_text(FAIL)
    assert call("exec", "--target", file, "--", "python", script).returncode == 0
    return file


@pytest.mark.slow
def test_a_letter_is_listed_and_shown(call: Call, target: Path) -> None:
    """Each dead letter has its task, tenant, error and number of attempts."""
    rows = json.loads(call("dead-letters", "list", "--target", target, "--json").stdout)
    assert [row["task_id"] for row in rows] == ["task-1", "task-0"]
    output = call("dead-letters", "list", "--target", target).stdout
    assert "ValueError" in output
    assert "2 dead letters" in output
    output = call("dead-letters", "show", rows[1]["id"], "--target", target).stdout
    assert "it [broke]" in output
    assert '{"args": ["acme"], "kwargs": {}}' in output


@pytest.mark.slow
def test_a_letter_is_requeued_once(call: Call, target: Path) -> None:
    """A second requeue is refused, and so is that of a letter with masked arguments."""
    done = call("dead-letters", "requeue", 1, "--target", target)
    assert (done.returncode, "task task-0" in done.stdout) == (0, True)
    again = call("dead-letters", "requeue", 1, "--target", target)
    assert (again.returncode, "already requeued" in again.stderr) == (3, True)
    masked = call("dead-letters", "requeue", 2, "--target", target)
    assert (masked.returncode, "masked" in masked.stderr) == (3, True)
    unknown = call("dead-letters", "requeue", 7, "--target", target)
    assert (unknown.returncode, "Dead letter 7 does not exist" in unknown.stderr) == (2, True)
    still_open = call("dead-letters", "list", "--open", "--target", target, "--json").stdout
    assert [row["id"] for row in json.loads(still_open)] == [2]


LINK = "http://127.0.0.1:8000/issues/1/all/?q=task_id:task-0"


@pytest.mark.slow
def test_the_list_has_the_error_and_its_link_at_80_columns(
    call: Call, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal each is in one line, so that it can be copied; so is a row in a log."""
    log = call("dead-letters", "list", "--target", target).stdout
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    terminal = call("dead-letters", "list", "--target", target).stdout
    assert len(log.splitlines()) < len(terminal.splitlines())
    for shown in (log, terminal):
        assert [line.endswith(LINK) for line in shown.splitlines() if LINK in line] == [True]
        assert len([line for line in shown.splitlines() if "ValueError: it [broke]" in line]) == 2
        assert "and more" not in shown


@pytest.mark.slow
def test_letters_are_requeued_by_a_filter_after_a_dry_run(call: Call, target: Path) -> None:
    """The digest confirms exactly the letters of the dry run; those that are masked are named."""
    command = ("dead-letters", "requeue", "--task", "run_vulnerability_scan", "--target", target)
    dry = call(*command)
    assert dry.returncode == 0
    assert "DRY RUN: 2 dead letters would be sent again" in dry.stdout
    digest = dry.stdout.split("--confirm ")[1].split()[0]
    assert all(row["requeued_at"] is None for row in read(call, target))
    wrong = call(*command, "--since", "1s", "--confirm", "0a1b2c")
    assert "would be sent again" in wrong.stdout or "no longer those" in wrong.stderr
    done = call(*command, "--confirm", digest)
    assert (done.returncode, "1 of 2 dead letters were sent again" in done.stdout) == (1, True)
    assert "masked" in done.stderr
    again = call(*command, "--confirm", digest)
    assert (again.returncode, "no longer those of the dry run" in again.stderr) == (3, True)


def read(call: Call, target: Path) -> list[dict[str, Any]]:
    """Return the dead letters."""
    rows: list[dict[str, Any]] = json.loads(
        call("dead-letters", "list", "--target", target, "--json").stdout
    )
    return rows


def test_a_requeue_needs_an_id_or_a_filter(call: Call, target: Path) -> None:
    """Not both, and not neither; nothing is sent by mistake."""
    for arguments in ((), (1, "--reason", "failed"), (1, "--confirm", "0a1b2c")):
        done = call("dead-letters", "requeue", *arguments, "--target", target)
        assert done.returncode == 2
    assert all(row["requeued_at"] is None for row in read(call, target))
