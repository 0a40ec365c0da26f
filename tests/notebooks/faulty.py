"""Runs a part's module with a fault: `python faulty.py FAULT[,FAULT] MODULE ARGUMENT...`.

Each fault is the effect of a careless change to the instrumentation. None of them has a setting,
and none must get one.
"""

import itertools
import os
import runpy
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any


def scrubbing_off() -> None:
    """Send events without our redaction and without the SDK's own list."""
    from sentry_sdk import data_collection

    from securenet_obs.monitoring.sentry.events import before_send

    data_collection._SENSITIVE_DENYLIST.clear()
    before_send.filter_sensitive_data = lambda event, hint: event


def no_ids() -> None:
    """Send events without the ids of tenant, request and task."""
    from securenet_obs.monitoring.sentry.events import before_send

    before_send.current_ids = dict


def no_stack_trace() -> None:
    """Send events with the exception's text only."""
    from securenet_obs.monitoring.sentry.events import before_send

    scrub = before_send.filter_sensitive_data

    def bare(event: Any, hint: Any) -> Any:
        scrubbed = scrub(event, hint)
        for exception in (scrubbed or {}).get("exception", {}).get("values", []):
            exception.pop("stacktrace", None)
        return scrubbed

    before_send.filter_sensitive_data = bare


def plain_text_line() -> None:
    """Print a line past every logger."""
    print("starting up ...", flush=True)


def dropped_field() -> None:
    """Write lines without the release."""
    _change_head(lambda head: {key: value for key, value in head.items() if key != "release"})


def local_time() -> None:
    """Write lines with the wall clock's time, without a zone."""
    _change_head(lambda head: head | {"timestamp": datetime.now().isoformat(sep=" ")})


def clock_off_by_an_hour() -> None:
    """Write lines with a local time that is marked as UTC."""
    late = timedelta(hours=1)
    _change_head(lambda head: head | {"timestamp": f"{datetime.now(UTC) + late:%FT%T.%fZ}"})


def clock_off_by_five_seconds() -> None:
    """Write lines with timestamps of a clock that is a little fast."""
    ahead = timedelta(seconds=5)
    _change_head(lambda head: head | {"timestamp": f"{datetime.now(UTC) + ahead:%FT%T.%fZ}"})


def count_results_without_ttl() -> None:
    """Keep results without a TTL until Redis is full."""
    from securenet_obs.workers.celery_fixes import backend

    with_end, without = "'SETEX', KEYS[1], ARGV[1], ARGV[2]", "'SET', KEYS[1], ARGV[2]"
    assert with_end in backend._KEEP
    backend._KEEP = backend._KEEP.replace(with_end, without)


def pickles_accepted() -> None:
    """Accept pickles, and so execute any code that is put into Redis."""
    from securenet_obs.workers.celery_app import celery_app

    celery_app.conf.accept_content = ["json", "pickle"]


def tenant_ignored() -> None:
    """Run tasks without the tenant that their message names."""
    from securenet_obs.monitoring import task_telemetry

    task_telemetry.parse_tenant_id = lambda _: None


def slow_worker() -> None:
    """Take half a second for a batch, as a worker on a busy machine does."""
    import time

    from securenet_obs.workers import tasks

    normalise_batch = tasks.normalise_batch

    def slowly(*given: Any) -> Any:
        time.sleep(0.5)
        return normalise_batch(*given)

    tasks.normalise_batch = slowly


def errors_sampled() -> None:
    """Send every second error only, as a wrong sample rate does."""
    from securenet_obs.monitoring.sentry.events import before_send

    scrub = before_send.filter_sensitive_data
    counter = itertools.count()

    def sampled(event: Any, hint: Any) -> Any:
        is_error = "exception" in event
        return None if is_error and next(counter) % 2 else scrub(event, hint)

    before_send.filter_sensitive_data = sampled


def ids_stay_behind() -> None:
    """Send tasks without the ids of their request and tenant."""
    from securenet_obs.monitoring import task_telemetry

    task_telemetry._send_ids = lambda **_: None


def trace_stays_behind() -> None:
    """Send tasks without their trace."""
    from securenet_obs.monitoring.sentry import integrations

    integrations._BEAT_OPTIONS["propagate_traces"] = False


def tasks_not_integrated() -> None:
    """Trace without the SDK's integration of Celery."""
    from sentry_sdk.integrations.celery import CeleryIntegration

    from securenet_obs.monitoring.sentry import client

    chosen = client.integrations

    def others(**given: Any) -> list[Any]:
        return [each for each in chosen(**given) if not isinstance(each, CeleryIntegration)]

    client.integrations = others


def spans_dropped() -> None:
    """Send transactions without their spans."""
    from securenet_obs.monitoring.sentry.events import before_send

    scrub = before_send.filter_sensitive_data

    def bare(event: Any, hint: Any) -> Any:
        return scrub({**event, "spans": []} if event.get("type") == "transaction" else event, hint)

    before_send.filter_sensitive_data = bare


def transactions_lost() -> None:
    """Store every item but transactions, in the relay."""
    from securenet_obs.stack.parts.relay import envelopes

    read = envelopes.read_envelope

    def losing(*given: Any) -> Any:
        contents = read(*given)
        contents.items = [item for item in contents.items if item.kind != "transaction"]
        return contents

    envelopes.read_envelope = losing


def not_checked_in() -> None:
    """Send the entries of beat without check-ins."""
    from securenet_obs.monitoring.sentry import integrations

    integrations._BEAT_OPTIONS["monitor_beat_tasks"] = False


def log_scrubbing_off() -> None:
    """Write log lines without redaction."""
    from securenet_obs.monitoring.logs import json_line

    json_line.search = lambda _: []


def results_as_they_are() -> None:
    """Store results and errors of tasks in Redis without redaction."""
    from securenet_obs.workers.celery_fixes import backend

    backend.redact = lambda value: value


def input_repeated() -> None:
    """Answer an invalid request with all of its contents, as FastAPI does by default."""
    from fastapi.responses import JSONResponse

    from securenet_obs.api import answers

    async def repeating(request: Any, error: Any) -> Any:
        return JSONResponse({"detail": str(error.body)}, status_code=422)

    answers._answer_invalid = repeating


def masking_off() -> None:
    """Store evidence unmasked, in the process of a run."""
    from securenet_obs.runner.evidence import masking

    masking.Masker.exact = masking.Masker.text = masking.Masker.source = lambda self, text: text
    masking.redact = lambda value: value


def rules_away() -> None:
    """Disable the redaction rules in the file RULES_AWAY, which may change at any time."""
    from securenet_obs.monitoring.logs import json_line
    from securenet_obs.redaction import RULES, redactor

    file = Path(os.environ["RULES_AWAY"])

    @cache
    def without(names: str) -> Any:
        away = names.split()
        return redactor.Redactor([rule for rule in RULES if rule.name not in away])

    class Following:
        def __getattr__(self, name: str) -> Any:
            def call(*given: Any) -> Any:
                return getattr(without(file.read_text()), name)(*given)

            return call

    redactor._DEFAULT = json_line._redactor = Following()
    json_line.search = json_line._redactor.search


def keys_unchecked() -> None:
    """Accept every caller as the path's tenant, and show every task to every caller."""
    from securenet_obs.api import access

    async def anybody(request: Any) -> str:
        return str(request.path_params.get("tenant_id", "tenant-a"))

    async def anyones(request: Any, tenant_id: str) -> None:
        return None

    access._authenticate = anybody
    access._authorise_task = anyones


def revealing_refusal() -> None:
    """Reveal the existence of another tenant's task in the refusal."""
    from fastapi import HTTPException

    from securenet_obs.api import access

    own_task = access._authorise_task

    async def authorise_task(request: Any, tenant_id: str) -> None:
        owner = access.task_owner(access.celery_app, request.path_params["task_id"])
        try:
            await own_task(request, tenant_id)
        except HTTPException:
            raise HTTPException(404, "no such task" if owner is None else "not yours") from None

    access._authorise_task = authorise_task


def keys_written() -> None:
    """Print each caller's key without a logger."""
    from securenet_obs.api import access

    key_of = access._key

    def print_key(request: Any) -> str:
        key = key_of(request)
        os.write(1, b'{"key": "%b"}\n' % key.encode())
        return key

    access._key = print_key


def canaries_kept() -> None:
    """Add earlier failures of the process to the error, as a cache without a tenant does."""
    from securenet_obs.workers import tasks

    fail = tasks.fail_on_purpose
    seen: list[str] = []

    def failing(canary: str, secret: str) -> None:
        seen.append(canary)
        fail(" ".join(dict.fromkeys(seen)), secret)

    tasks.fail_on_purpose = failing


def entry_forgotten() -> None:
    """Schedule one entry less than this release has."""
    from securenet_obs.workers.celery_app import celery_app

    schedule = celery_app.conf.beat_schedule
    celery_app.conf.beat_schedule = {
        name: entry for name, entry in schedule.items() if name != "ml-model-retrain"
    }


def entries_overdue() -> None:
    """Report every entry as due a day ago, without the time of its last dispatch."""
    from securenet_obs.workers import schedule

    entry_data = schedule._entry_data

    def overdue(entry: Any) -> dict[str, Any]:
        data = entry_data(entry)
        return data | {"next": data["next"] - 86400, "last": None}

    schedule._entry_data = overdue


def last_times_in_the_future() -> None:
    """Believe last times that a clock, a year ahead, has recorded."""
    from securenet_obs.workers import schedule

    class Believing(schedule.RecordingScheduler):
        def _clamp_last_times(self) -> None:
            ahead = datetime.now(UTC) + timedelta(days=365)
            for entry in self.schedule.values():
                entry.last_run_at = ahead

    schedule.RecordingScheduler = Believing


def tick_in_the_future() -> None:
    """Record ticks by a clock that is an hour ahead."""
    from securenet_obs.workers import schedule

    store_schedule = schedule.RecordingScheduler._store_schedule

    def store_ahead(self: Any, client: Any) -> None:
        store_schedule(self, client)
        client.set(schedule.TICK_KEY, repr(time.time() + 3600))

    schedule.RecordingScheduler._store_schedule = store_ahead


def no_tenant_dispatched() -> None:
    """Find no tenants to dispatch tasks to."""
    from securenet_obs.workers import tasks

    tasks._tenants = list


def limit_beyond_visibility() -> None:
    """Set a task time limit above Redis's visibility timeout, which leads to redelivery."""
    from securenet_obs.workers import celery_app

    celery_app.check_application = lambda *_: None
    celery_app.celery_app.conf.task_time_limit = 2 * 3600


def a_bad_kombu() -> None:
    """Report the kombu version that ends when Redis restarts."""
    import kombu

    kombu.__version__ = "5.7.0"


def malformed_dropped() -> None:
    """Forget the items of a batch that are not records."""
    from securenet_obs.workers import tasks

    normalise_batch = tasks.normalise_batch

    def dropping(*given: Any) -> Any:
        batch = normalise_batch(*given)
        batch.quarantined.clear()
        return batch

    tasks.normalise_batch = dropping


def denials_missed() -> None:
    """Count no denied events."""
    from securenet_obs.detection.network.counting.minutes import Minute

    add_fact = Minute.add_fact

    def adding(self: Any, fact: Any, *given: Any) -> None:
        add_fact(self, fact._replace(is_denied=False), *given)

    Minute.add_fact = adding  # type: ignore[method-assign]


def repeats_counted() -> None:
    """Count a batch each time that it comes."""
    from securenet_obs.workers import outbox

    outbox.claim = lambda *_: True


def aliases_apart() -> None:
    """Report each advisory on a vulnerability as one of its own."""
    from securenet_obs.detection.vulnerabilities import matching

    matching.merge_aliases = lambda entries: [matching.Vulnerability((one,)) for one in entries]


def severities_unknown() -> None:
    """Ignore the severities of advisories."""
    from securenet_obs.detection.vulnerabilities.matching import Vulnerability
    from securenet_obs.detection.vulnerabilities.severity import Severity

    Vulnerability.severity = property(lambda _: Severity())  # type: ignore[misc, method-assign, assignment]


def plan_by_own_vulnerabilities() -> None:
    """Plan upgrades that are free of the current version's vulnerabilities alone."""
    from securenet_obs.detection.vulnerabilities import fixes

    def upgrade(self: Any, use: Any, resolves: Any, severity: str) -> Any:
        known = self._result.vulnerabilities[use.package]
        own = [vulnerability for vulnerability in known if vulnerability.affects(use.version)]
        return fixes.Fix(use, fixes.lowest_free(self._later_versions(use), own), resolves)

    fixes.Fixes._upgrade = upgrade  # type: ignore[method-assign]


def unjudged_taken_for_safe() -> None:
    """Take a version that cannot be compared for one that is not affected."""
    from securenet_obs.detection.vulnerabilities import matching

    judge = matching.judge
    matching.judge = lambda entry, version: judge(entry, version) is True


def causes_not_told_apart() -> None:
    """Name the same cause for every new finding."""
    from securenet_obs.detection.vulnerabilities.stored import findings

    same = findings.INVENTORY_CHANGED
    findings.Causes.cause_of = lambda *_: same  # type: ignore[method-assign]
    findings.WAIVER_EXPIRED = same


def findings_kept_open() -> None:
    """Keep findings open that a scan does not find any more."""
    from securenet_obs.detection.vulnerabilities.stored import findings

    findings._Stored.resolve_others = lambda *_: None  # type: ignore[method-assign]


def history_cut() -> None:
    """Train without the first day of a history."""
    from securenet_obs.detection.anomaly import histories

    order = histories.order

    def without_first_day(readings: Any) -> Any:
        ordered = sorted(readings)
        return order(one for one in ordered if one.at - ordered[0].at >= timedelta(days=1))

    histories.order = without_first_day


def never_silent() -> None:
    """Raise an alarm for each unusual value of an anomaly."""
    from securenet_obs.detection.anomaly.series.detector import SeriesDetector

    SeriesDetector._be_silent = lambda _: None  # type: ignore[method-assign]


def reasons_withheld() -> None:
    """Give a score as the only reason of an anomaly."""
    from securenet_obs.detection.anomaly.series import detector

    detector.explain = lambda _: ("its score is above the threshold", 0.0)


def sends_unrecorded() -> None:
    """Send tasks without a record in the ledger."""
    from securenet_obs.workers.celery_fixes import transport

    transport.add_sent = lambda *_: None


def events_uncounted() -> None:
    """Record no outcomes of error events."""
    from securenet_obs.monitoring.metrics import ledger

    ledger.event_outcomes = lambda: None


def lines_uncounted() -> None:
    """Record no numbers of log lines."""
    from securenet_obs.monitoring.metrics import ledger

    ledger.take_line_counts = dict


def lines_refused() -> None:
    """Write only nine of ten lines, as on a disk that is full at times."""
    _break_writes(OSError(28, "No space left on device"))


def lines_vanish() -> None:
    """Write only nine of ten lines, without noticing."""
    _break_writes(None)


def _break_writes(error: OSError | None) -> None:
    from securenet_obs.monitoring.logs.output.sink import Sink

    write = Sink.write
    counter = itertools.count(1)

    def broken(self: Any, line: bytes, wait_s: float) -> None:
        if next(counter) % 10:
            write(self, line, wait_s)
        elif error is not None:
            raise error

    Sink.write = broken  # type: ignore[method-assign]


def _change_head(change: Any) -> None:
    import orjson

    from securenet_obs.monitoring.logs.chain import Chain

    head = Chain._head

    def changed(self: Any, *given: Any) -> bytes:
        fields = change(orjson.loads(head(self, *given)[:-1] + b"}"))
        return orjson.dumps(fields)[:-1] + b","

    Chain._head = changed  # type: ignore[method-assign]


if __name__ == "__main__":
    for fault in sys.argv[1].split(","):
        globals()[fault]()
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
