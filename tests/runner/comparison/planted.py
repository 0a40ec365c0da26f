"""Planted changes: facts of a green run, one change that breaks a named check, innocent changes."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from securenet_obs.checks import CHECK_MIME
from securenet_obs.runner.comparison.facts import (
    CODE,
    PACKAGE,
    PARAMETER,
    REDIS,
    SETTING,
)
from securenet_obs.runner.comparison.facts import LOG_SCHEMA as SCHEMA
from securenet_obs.runner.comparison.installed import read_code, read_packages, read_sources
from securenet_obs.runner.notebook.catalog import read_notebook

PROJECT = Path(__file__).parents[3]
RECORDED = Path(__file__).with_name("recorded.json")
"""Facts of a real command on a local stack: settings, Redis' configuration and the log schema."""

ABSENT = None
Kinds = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Plant:
    """A change, and the check that it makes fail.

    A code change is the path of a file or a cell; its digests are made up.
    """

    kind: str
    what: str
    before: str | None
    after: str | None
    notebook: str
    check: str
    observed: str
    expected: str | None = None


PLANTS = (
    Plant(REDIS, "maxmemory-policy", "noeviction", "allkeys-lru", "08_the_broker_is_safe",
          "no key is evicted", "policy: allkeys-lru, evicted: 0"),
    Plant(REDIS, "appendonly", "yes", "no", "08_the_broker_is_safe",
          "a restart keeps the queues", "append-only: False, last write: ok"),
    Plant(REDIS, "maxmemory", "0", "4194304", "08_the_broker_is_safe",
          "Redis has free memory", "93.12% used"),
    Plant(SETTING, "RESULT_URL", "digest 0a1b2c3d", "digest 99aa88bb", "08_the_broker_is_safe",
          "queues and results have separate databases", "1"),
    Plant(SETTING, "SENTRY_DSN", "http://sentry.example/1", "http://sentry.example/7",
          "01_sentry_receives_errors", "every raised error arrived", "0"),
    Plant(SETTING, "SENTRY_TRACES_SAMPLE_RATE", "0.1", "0", "04_one_trace_end_to_end",
          "every hop has a transaction", "lacking: api, worker"),
    Plant(SETTING, "LOG_FORMAT", "json", "console", "02_logs_are_structured_json",
          "every line is one strict JSON object", "rejected: 214"),
    Plant(PACKAGE, "kombu", "5.6.2", "5.7.0", "08_the_broker_is_safe",
          "no version is known to be bad",
          "kombu 5.7.0: a busy worker ends when Redis restarts"),
    Plant(PACKAGE, "sentry-sdk", "2.75.0", "3.0.0", "01_sentry_receives_errors",
          "every stack trace ends at the function that raised", "none"),
    Plant(PACKAGE, "datasketches", "5.2.0", "5.3.0", "10_detection_is_right",
          "the minutes are the planted ones", "wrong: 3"),
    Plant(CODE, "securenet_obs/redaction/rules/texts.py", "1", "2", "05_secrets_stay_out",
          "no secret is in a log line", "found: bearer token"),
    Plant(CODE, "securenet_obs/workers/schedule.py", "1", "2", "07_the_schedule_is_ticking",
          "every entry of this release is scheduled", "outbox, retention, schedule-canary"),
    Plant(CODE, "securenet_obs/detection/vulnerabilities/matching.py", "1", "2",
          "10_detection_is_right", "exactly the planted vulnerabilities are found",
          "gateway 1.0, CANARY-1"),
    Plant(CODE, "03_celery_round_trips_tasks, cell 10", "1", "2", "03_celery_round_trips_tasks",
          "results expire", "within 86400 s", "never"),
    Plant(PARAMETER, "longest_median_s", "5.0", "0.01", "03_celery_round_trips_tasks",
          "the median round trip is within its limit", "0.042 s", "at most 0.01 s"),
    Plant(PARAMETER, "deadline_s", "30.0", "0.5", "01_sentry_receives_errors",
          "every raised error arrived", "1"),
    Plant(PARAMETER, "clock_tolerance_s", "1.0", "0.0001", "02_logs_are_structured_json",
          "log timestamps match the wall clock", "0.002 s", "difference at most 0.0001 s"),
    Plant(SCHEMA, "request_finished.release", "text", ABSENT, "02_logs_are_structured_json",
          "every line has the required fields", "violations: 41"),
    Plant(SCHEMA, "task_started.request_id", "text", ABSENT, "02_logs_are_structured_json",
          "a request can be followed from the API to its task", "securenet-api"),
    Plant(SCHEMA, "task_succeeded.tenant_id", "text", "integer", "04_one_trace_end_to_end",
          "every hop carries the tenant", "lost at: task"),
)  # fmt: skip

INNOCENT: tuple[tuple[str, str, str | None, str | None], ...] = (
    (SETTING, "RETENTION_MINUTES_D", "400", "200"),
    (SETTING, "ONCALL_CONTACTS", "API: #team-api", "API: #team-platform"),
    (SETTING, "DOSSIERS_FOLDER", "evidence/dossiers", "dossiers"),
    (SETTING, "LOG_LEVEL", "INFO", "DEBUG"),
    (SETTING, "MAX_BODY_BYTES", "16777216", "8388608"),
    (SETTING, "ADVISORIES_MAX_AGE_D", "30", "14"),
    (SETTING, "WORKER_STOP_S", "45", "60"),
    (SETTING, "SENTRY_AUTH_TOKEN", "digest 11112222", "digest 33334444"),
    (SETTING, "SCHEDULE_CANARY_S", "300", "120"),
    (SETTING, "METRICS_ENABLED", "false", "true"),
    (PACKAGE, "uvicorn", "0.38.0", "0.38.1"),
    (PACKAGE, "rich", "14.2.0", "14.3.0"),
    (PACKAGE, "click", "8.2.1", "8.5.1"),
    (PACKAGE, "pydantic", "2.12.4", "2.13.0"),
    (PACKAGE, "httpx", "0.28.0", "0.28.1"),
    (PACKAGE, "matplotlib", "3.10.0", "3.11.0"),
    (PACKAGE, "certifi", "2026.1.1", "2026.10.19"),
    (PACKAGE, "urllib3", "2.7.0", "2.8.0"),
    (PACKAGE, "alembic", "1.17.0", "1.18.0"),
    (PACKAGE, "python", "3.11.4", "3.11.5"),
    (PACKAGE, "hypothesis", ABSENT, "6.140.0"),
    (PACKAGE, "orjson", "3.11.0", "3.11.4"),
    (PACKAGE, "billiard", "4.3.0", "4.3.1"),
    (REDIS, "slowlog-max-len", "128", "1024"),
    (REDIS, "tcp-keepalive", "300", "60"),
    (REDIS, "hz", "10", "20"),
    (REDIS, "maxclients", "10000", "20000"),
    (REDIS, "latency-monitor-threshold", "0", "100"),
    (REDIS, "repl-backlog-size", "1048576", "2097152"),
    (REDIS, "io-threads", "1", "2"),
    (CODE, "securenet_obs/oncall/dossiers/page.py", "1", "2"),
    (CODE, "securenet_obs/cli/commands/gameday.py", "1", "2"),
    (CODE, "securenet_obs/walkthrough/exercises.py", "1", "2"),
    (CODE, "securenet_obs/stack/parts/bugsink.py", "1", "2"),
    (CODE, "securenet_obs/runner/lab/server.py", "1", "2"),
    (CODE, "securenet_obs/drills/gameday.py", "1", "2"),
    (CODE, "securenet_obs/api/alerts/route.py", "1", "2"),
    (CODE, "securenet_obs/store/engine.py", "1", "2"),
    (CODE, "securenet_obs/monitoring/metrics/families.py", "1", "2"),
    (CODE, "securenet_obs/probes/http/api.py", "1", "2"),
    (PARAMETER, "tenant_id", "tenant-canary", "tenant-a"),
    (PARAMETER, "run deadline", "240 s", "480 s"),
    (PARAMETER, "cell deadline", "120 s", "180 s"),
    (SCHEMA, "dossier_written", ABSENT, "logged"),
    (SCHEMA, "outbox_published.batches", ABSENT, "integer"),
    (SCHEMA, "stack_part_ready", "logged", ABSENT),
    (SCHEMA, "request_finished.bytes", ABSENT, "integer"),
)
"""Changes of an ordinary week: upgrades, tuning, other features, longer deadlines, new events."""

INNOCENT_COUNT = 5


@cache
def recorded() -> Mapping[str, Any]:
    """Return the recorded facts."""
    return json.loads(RECORDED.read_text())  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Check:
    """A check of a notebook as stored, and the cell that judges it."""

    cell: int
    source: str
    expected: str


def stored_check(notebook: str, check: str) -> Check:
    """Return a check from the stored outputs of a notebook, which are those of a real run."""
    document = json.loads((PROJECT / "notebooks" / f"{notebook}.ipynb").read_text())
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, 1):
        for output in cell["outputs"]:
            row = output.get("data", {}).get(CHECK_MIME)
            if row and row["name"] == check:
                return Check(number, "".join(cell["source"]), row["expected"])
    raise LookupError(check)


def green_facts(notebook: str) -> Kinds:
    """Return the facts of a green run of a notebook on a local stack."""
    read = read_notebook(PROJECT / "notebooks" / f"{notebook}.ipynb")
    values = {row.name: str(row.default) for row in read.schema.parameters}
    limits = {"run deadline": "240 s", "cell deadline": "120 s"}
    kinds = {kind: dict(facts) for kind, facts in recorded()["kinds"].items()}
    return kinds | {
        CODE: {**read_code(), **read_sources(notebook, read.document)},
        PACKAGE: read_packages(),
        PARAMETER: values | limits,
    }


def change(kinds: Kinds, kind: str, what: str, before: str | None, after: str | None) -> None:
    """Give a fact the value after a change, or remove it."""
    values = kinds[kind]
    if after is ABSENT:
        values.pop(what, None)
        return
    values[what] = f"{values.get(what, before)}{after}" if kind == CODE else after


def prepare(kinds: Kinds, kind: str, what: str, before: str | None) -> None:
    """Give a fact the value before a change, or remove it."""
    if before is ABSENT:
        kinds[kind].pop(what, None)
    elif kind != CODE:
        kinds[kind][what] = before
        if kind == SCHEMA and "." in what:
            kinds[kind].setdefault(what.rpartition(".")[0], "logged")


def choose_innocent(plant: Plant, seed: int) -> list[tuple[str, str, str | None, str | None]]:
    """Return five innocent changes by chance; none of the planted fact."""
    others = [row for row in INNOCENT if row[:2] != (plant.kind, plant.what)]
    return random.Random(f"{plant.what} {seed}").sample(others, INNOCENT_COUNT)


def plant_case(plant: Plant, seed: int) -> tuple[list[Kinds], Kinds]:
    """Return the facts of green runs, oldest first, and those of the failing run after them.

    Between the green runs the packages and the files of other features change as in any week.
    """
    innocent = choose_innocent(plant, seed)
    kinds = green_facts(plant.notebook)
    for kind, what, before, _ in [*innocent, (plant.kind, plant.what, plant.before, None)]:
        prepare(kinds, kind, what, before)
    greens, churn = [], random.Random(seed).sample(INNOCENT, 8)
    for number in range(4):
        for _, what, _, _ in (row for row in churn if row[0] == CODE):
            kinds[CODE][what] = f"week {number}"
        greens.append({kind: dict(values) for kind, values in kinds.items()})
    for row in innocent:
        change(kinds, *row)
    change(kinds, plant.kind, plant.what, plant.before, plant.after)
    return greens, kinds
