"""The alerting rules on recorded metrics of a real stack: each fires during its drill only."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.promtool import fires
from tests.workers.metrics.record_drills import (
    DRILLS,
    INTERVAL_S,
    OTHERS,
    RECORDED,
    RULES,
    compress,
)

LEAD_MIN = 25
"""Minutes of healthy scrapes before a drill."""

HELD_MIN = 50
"""Minutes for which the last state of a drill goes on."""

FIRED = {
    "SecureNetQueueIsGrowing": "the worker is suspended",
    "SecureNetWorkersConsumeNothing": "the worker is suspended",
    "SecureNetMessageIsHeld": "a message is held",
    "SecureNetDeadLetters": "tasks fail",
    "SecureNetBeatIsSilent": "beat is suspended",
    "SecureNetScheduleIsLate": "beat is suspended",
    "SecureNetOutboxIsStuck": "the worker is suspended",
    "SecureNetSentryLosesEvents": "Bugsink is stopped",
    "SecureNetLogLinesAreLost": "the disk of the logs is full",
    "SecureNetSourceIsDown": "Redis does not answer",
    "SecureNetMetricsAreMissing": "nothing serves metrics",
    "SecureNetValidationFails": "a validation fails",
}
"""Alert -> the drill during which it fires; a validation gets old within days, without a drill."""

OLD = "SecureNetValidationIsOld"

Values = list[float | None]
_AGE = re.compile(r"_(age|delay)_seconds")
_TOTAL, _TIME = "_total", "_timestamp_seconds"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return a copy of the rules."""
    return Path(shutil.copy(RULES, tmp_path / "securenet.yml"))


@pytest.fixture(scope="module")
def recorded() -> dict[str, dict[str, Values]]:
    """Return the values of each drill's series."""
    drills = json.loads(RECORDED.read_text())
    return {
        name: {one: list(expand(values)) for one, values in series.items()}
        for name, series in drills.items()
    }


def expand(text: str) -> Iterator[float | None]:
    """Yield the values of promtool's notation."""
    for part in text.split():
        value, _, more = part.partition("x")
        yield from [None] * int(more) if value == "_" else [float(value)] * (1 + int(more or 0))


def healthy_values(name: str, values: Values, minutes: int) -> Values:
    """Return a scrape for each minute: those that were recorded, again and again.

    Counters go on counting. Other values are repeated as they are: an age that was small within a
    minute is small within an hour.
    """
    if _TIME in name:
        return values[:1] * minutes
    growth = (values[-1] or 0) - (values[0] or 0) if _TOTAL in name else 0
    return [
        None if value is None else value + number // len(values) * growth
        for number, value in ((each, values[each % len(values)]) for each in range(minutes))
    ]


def held_values(name: str, values: Values) -> Values:
    """Return the values of a drill, and its last state for further minutes.

    An age that has risen with the time during the last scrapes goes on rising: by a minute each.
    """
    last = values[-1]
    if last is None or _TIME in name:
        return values + [last] * HELD_MIN
    rises = [
        after - before
        for before, after in zip(values[-4:], values[-3:], strict=False)
        if after is not None and before is not None
    ]
    is_aging = bool(_AGE.search(name)) and len(rises) == 3 and min(rises) > 0.8 * INTERVAL_S
    return values + [last + 60 * is_aging * (number + 1) for number in range(HELD_MIN)]


def healthy_hour(recorded: dict[str, dict[str, Values]], minutes: int = 61) -> dict[str, Values]:
    return {
        name: healthy_values(name, values, minutes) for name, values in recorded["healthy"].items()
    }


def drill_series(recorded: dict[str, dict[str, Values]], drill: str) -> dict[str, Values]:
    """Return healthy minutes, then the drill, then its last state."""
    lead, during = healthy_hour(recorded, LEAD_MIN), recorded[drill]
    none: Values = [None]
    scrapes = max(map(len, during.values()), default=2)
    return {
        name: lead.get(name, none * LEAD_MIN) + held_values(name, during.get(name, none * scrapes))
        for name in sorted({*lead, *during})
    }


def as_text(series: dict[str, Values]) -> dict[str, str]:
    """Return series in promtool's notation."""
    length = max(map(len, series.values()))
    scrapes = [
        {name: value for name, values in series.items() if (value := values[at]) is not None}
        for at in range(length)
    ]
    return compress(scrapes)


@pytest.mark.parametrize("alert", [*FIRED, OLD])
def test_no_alert_fires_in_a_healthy_hour(
    rules: Path, recorded: dict[str, dict[str, Values]], alert: str
) -> None:
    """Every minute of it is evaluated."""
    assert not fires(rules, alert, as_text(healthy_hour(recorded)), *range(1, 61))


@pytest.mark.parametrize("alert", FIRED)
def test_an_alert_fires_during_its_drill(
    rules: Path, recorded: dict[str, dict[str, Values]], alert: str
) -> None:
    """Not before it."""
    series = as_text(drill_series(recorded, FIRED[alert]))
    assert fires(rules, alert, series, *range(LEAD_MIN + 1, LEAD_MIN + HELD_MIN))
    assert not fires(rules, alert, series, *range(1, LEAD_MIN))


@pytest.mark.slow
def test_a_validation_that_is_not_run_again_gets_old(
    rules: Path, recorded: dict[str, dict[str, Values]]
) -> None:
    """The healthy stack two days later; not after 47 hours."""
    minutes = 49 * 60
    series = as_text(healthy_hour(recorded, minutes + 1))
    old = {name: values for name, values in series.items() if _TIME in name}
    assert fires(rules, OLD, old, minutes)
    assert not fires(rules, OLD, old, 47 * 60)


def test_every_alert_and_every_drill_is_tested(recorded: dict[str, dict[str, Values]]) -> None:
    """The recordings are those of the drills that the command knows."""
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    assert {rule["alert"] for rule in group["rules"]} == {*FIRED, OLD}
    assert set(recorded) == {*DRILLS, *OTHERS}
    assert set(FIRED.values()) <= set(recorded)
