"""The exported alerting rules: valid, silent in a healthy hour, each fires for its fault."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from securenet_obs.monitoring.metrics.definitions import DEFINITIONS
from tests.promtool import fires, promtool

PROJECT = Path(__file__).parents[3]
RULES = PROJECT / "securenet_obs" / "workers" / "metrics" / "alerts.yml"
Call = Callable[..., Any]

TASK = "securenet_obs.workers.tasks.echo_canary"
LAST_RUN = 'securenet_validation_last_run_timestamp_seconds{validation="08"}'

# An hour of samples, one a minute: value+increment x number of further samples.
HEALTHY = {
    'securenet_queue_oldest_message_age_seconds{queue="logs"}': "0 2 0 40 _ 250 0x55",
    'securenet_queue_messages{queue="logs",priority="0"}': "0 9 0 300 0x57",
    f'securenet_tasks_total{{task="{TASK}",state="success"}}': "0+15x61",
    "securenet_oldest_unacknowledged_age_seconds": "0 590 0x60",
    f'securenet_dead_letters{{task="{TASK}",reason="failed"}}': "4x61",
    "securenet_beat_tick_age_seconds": "1 4 2x60",
    'securenet_beat_entry_delay_seconds{entry="outbox"}': "0 5 0x60",
    "securenet_outbox_oldest_age_seconds": "0 60 0x60",
    'securenet_sentry_events_lost_total{service="api",category="error",reason="network_error"}': (
        "0x61"
    ),
    'securenet_log_lines_lost_total{service="api"}': "3x61",
    'securenet_source_up{source="store"}': "1x61",
    'securenet_validation_verdict{validation="08",verdict="passed"}': "1x61",
    LAST_RUN: "0x61",
}
"""Series -> the samples of a healthy hour, short peaks included."""

FAULTS: dict[str, dict[str, str]] = {
    # Workers are suspended, and messages arrive.
    "SecureNetQueueIsGrowing": {
        'securenet_queue_oldest_message_age_seconds{queue="logs"}': "0+60x61"
    },
    # The catatonic worker: it answers pings.
    "SecureNetWorkersConsumeNothing": {
        'securenet_queue_messages{queue="logs",priority="0"}': "0+1x61",
        f'securenet_tasks_total{{task="{TASK}",state="success"}}': "70x61",
    },
    "SecureNetMessageIsHeld": {"securenet_oldest_unacknowledged_age_seconds": "0+60x61"},
    "SecureNetDeadLetters": {
        f'securenet_dead_letters{{task="{TASK}",reason="failed"}}': "4x55 5x6"
    },
    "SecureNetBeatIsSilent": {"securenet_beat_tick_age_seconds": "0+60x61"},
    "SecureNetScheduleIsLate": {'securenet_beat_entry_delay_seconds{entry="outbox"}': "0+60x61"},
    "SecureNetOutboxIsStuck": {"securenet_outbox_oldest_age_seconds": "0+60x61"},
    "SecureNetSentryLosesEvents": {
        'securenet_sentry_events_lost_total{service="api",category="error",'
        'reason="network_error"}': "0x55 1x6"
    },
    "SecureNetLogLinesAreLost": {'securenet_log_lines_lost_total{service="api"}': "3x55 9x6"},
    "SecureNetSourceIsDown": {'securenet_source_up{source="store"}': "1x50 0x11"},
    "SecureNetMetricsAreMissing": {'securenet_source_up{source="store"}': "1x40 stale"},
    "SecureNetValidationFails": {
        'securenet_validation_verdict{validation="08",verdict="passed"}': "1x50 stale",
        'securenet_validation_verdict{validation="08",verdict="kernel_died"}': "_x50 1x11",
    },
    # The clock of promtool begins at 0: the run was two days and an hour before.
    "SecureNetValidationIsOld": {LAST_RUN: "-172800x61"},
}
"""Alert -> the series that its fault changes in an otherwise healthy hour."""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return a copy of the rules."""
    return Path(shutil.copy(RULES, tmp_path / "securenet.yml"))


def alerts_of(rules: Path) -> list[dict[str, Any]]:
    """Return the rules as data."""
    (group,) = yaml.safe_load(rules.read_text())["groups"]
    return list(group["rules"])


def test_the_rules_are_exported(call: Call) -> None:
    """The command prints the file, which is part of the package."""
    done = call("alerts", "export")
    assert (done.returncode, done.stdout) == (0, RULES.read_text())


def test_promtool_accepts_the_rules(rules: Path) -> None:
    """Each has a severity, a summary and a first step; a named runbook exists."""
    checked = promtool("check", "rules", rules)
    assert checked.returncode == 0, checked.stderr
    for rule in alerts_of(rules):
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert {"summary", "remedy"} <= set(rule["annotations"])
        runbook = rule["annotations"].get("runbook")
        assert runbook is None or (PROJECT / "runbooks" / f"{runbook}.ipynb").exists()


def test_every_alert_has_a_fault(rules: Path) -> None:
    """A rule that cannot fire is a defect."""
    assert {rule["alert"] for rule in alerts_of(rules)} == set(FAULTS)


@pytest.mark.parametrize("alert", FAULTS)
def test_an_alert_fires_for_its_fault_and_not_in_a_healthy_hour(rules: Path, alert: str) -> None:
    """Promtool evaluates the hour with and without the fault."""
    assert not fires(rules, alert, HEALTHY, *range(1, 61))
    assert fires(rules, alert, {**HEALTHY, **FAULTS[alert]}, 60)


def test_rules_use_metrics_that_exist(rules: Path) -> None:
    """Every counted metric in a rule is defined; the healthy hour has every series that is used."""
    text = rules.read_text()
    used = {name.partition("{")[0] for name in HEALTHY}
    assert all(name in text for name in used)
    counters = {name for name in used if name.endswith("_total")}
    assert {name.removesuffix("_total") for name in counters} <= set(DEFINITIONS)
