"""Links of failed checks: every check of every validation leads somewhere."""

import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from securenet_obs.check_links import MAX_LINKS, Link, find_links, read_links
from securenet_obs.matching import packaged_index
from securenet_obs.runner.notebook.catalog import find_all
from securenet_obs.settings import Settings, get_settings
from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parent.parent
SINCE = datetime(2026, 11, 27, 3, 14, tzinfo=UTC)
CHECKS = sorted(
    {
        check
        for notebook in find_all(PROJECT)
        if notebook.declared.kind == "validation"
        for check in notebook.declared.checks
    }
)

WITHOUT_RUNBOOK = {
    # The code is wrong, not the deployment: the log lines and the events lead to it.
    "a pickled task is refused",
    "a refusal does not reveal whether a task exists",
    "a repeated batch changes nothing",
    "an unregistered task is reported",
    "both tenants were served at the same time",
    "every anomaly is explained",
    "every drill ran",
    "every refusal is logged",
    "every severity is that of its CVSS vector",
    "every sink was searched",
    "every stack trace ends at the function that raised",
    "exactly the planted anomalies are found",
    "log timestamps match the wall clock",
    "no validation passes during a fault",
    "no version is known to be bad",
    "only the child's event names a task",
    "queues and results have separate databases",
    "the API refuses access to another tenant",
    "the minutes are the planted ones",
    "the model has learned the whole history",
    "the plan leads to versions without vulnerabilities",
    "the stack recovers in time",
    "the three tasks work for their tenant",
    "what cannot be judged is listed",
}


@pytest.fixture
def with_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_SOURCE", "logs of/today")
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def fresh_settings() -> None:
    get_settings.cache_clear()


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_leads_to_a_runbook_or_is_known_to_have_none(
    check: str, with_logs: None
) -> None:
    """Log lines are linked where the target has them; the runbook is that of the index."""
    links = find_links(check, "", since=SINCE)
    assert [link.kind for link in links][-1] == "logs"
    assert ("runbook" in {link.kind for link in links}) == (check not in WITHOUT_RUNBOOK)


def test_runbooks_name_checks_of_validations_only() -> None:
    """A check that was renamed leads nowhere."""
    named = {check for row in packaged_index().entries.values() for check in row.failed_checks}
    assert named <= {*CHECKS, "the error arrived in Sentry"}
    assert {*CHECKS} >= WITHOUT_RUNBOOK


def test_the_text_of_a_failure_leads_to_its_runbook() -> None:
    """A check without a runbook of its own is matched by the error that it observed."""
    links = find_links("mine", "expected 0\nOOM command not allowed when used memory", since=None)
    assert links == (Link("runbook", "securenet-obs run redis_is_full"),)
    assert find_links("mine", "expected 0, observed 1", since=None) == ()


def test_the_command_for_log_lines_can_be_copied(with_logs: None) -> None:
    """The source is quoted for a shell, and the period begins with the notebook."""
    (link,) = find_links("mine", "", since=SINCE)
    assert str(link).startswith(
        "logs: securenet-obs logs find 'logs of/today' --since 2026-11-27T03:14:00Z --until "
    )


def test_links_are_few() -> None:
    """Of many events the first are linked, and empty addresses are left out."""
    events = ["", *(f"http://host/{number}" for number in range(9))]
    links = find_links("mine", "", since=None, events=events)
    assert links == tuple(Link("sentry", f"http://host/{number}") for number in range(MAX_LINKS))


SCRIPT = [{"kind": "sentry", "text": "javascript:alert(1)"}]


@pytest.mark.parametrize(
    "value", [None, "text", 3, [1], [{"kind": "other"}], {"kind": "logs"}, SCRIPT]
)
def test_data_that_are_not_links_are_left_out(value: object) -> None:
    """Code in a notebook can display anything under the type of a check."""
    assert read_links(value) == ()


def test_links_are_read_as_they_were_written() -> None:
    """The data in a notebook's output lead to the same links."""
    assert read_links([{"kind": "logs", "text": "a"}]) == (Link("logs", "a"),)


@pytest.mark.slow
@pytest.mark.stack
def test_a_failed_check_on_a_stack_leads_to_runbook_event_and_lines(
    stack: LocalStack, tmp_path: Path
) -> None:
    """All three are on the terminal and in the files, and the printed command finds lines."""
    wrong = {**stack.environment, "SECURENET_RELEASE": "another@1"}
    known = {name.upper() for name in Settings.model_fields}
    lines = [f"{name}={shlex.quote(value)}" for name, value in wrong.items() if name in known]
    (tmp_path / "a.env").write_text("\n".join(lines))
    notebook = PROJECT / "notebooks" / "01_sentry_receives_errors.ipynb"
    done = call(tmp_path, "run", str(notebook), "--target", "a.env", "-p", "burst=1")
    assert done.returncode == 1, done.stdout + done.stderr
    _, _, failed = done.stdout.partition("  ✘ every event has its release: ")
    runbook, event, *_, found = [line.strip() for line in failed.splitlines()[1:6]]
    assert runbook == "runbook: securenet-obs run sentry_is_silent"
    assert event.startswith(f"sentry: {stack.environment['SENTRY_URL']}/")
    command = shlex.split(found.removeprefix("logs: securenet-obs "))
    shown = call(tmp_path, *command)
    assert "request_failed" in shown.stdout, found + shown.stderr
    for name in ("run.json", "junit.xml"):
        file = tmp_path / "evidence" / "latest" / name
        assert "securenet-obs run sentry_is_silent" in file.read_text()


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "securenet_obs", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
