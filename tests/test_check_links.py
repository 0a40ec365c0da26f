"""Links of failed checks: every check of every validation leads somewhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from securenet_obs.check_links import MAX_LINKS, Link, find_links, read_links
from securenet_obs.matching import packaged_index
from securenet_obs.runner.notebook.catalog import find_all
from securenet_obs.settings import get_settings

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
