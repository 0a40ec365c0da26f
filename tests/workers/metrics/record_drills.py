"""Records the metrics of a real local stack, healthy and during drills, for the tests of the rules.

    python -m tests.workers.metrics.record_drills [DRILL...]

Without names it records everything, which takes about eight minutes. `recorded_drills.json` has for
each drill its series, each with the values of the scrapes, one every two seconds, in promtool's
notation. Only the metrics of the rules are kept. Times of runs are relative to the scrape.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import groupby
from pathlib import Path

import httpx
from celery.result import denied_join_result
from prometheus_client.parser import text_string_to_metric_families

from securenet_obs.drills.faults.parts import fill_log_disk, stop_bugsink
from securenet_obs.drills.faults.redis_states import STATES, _open_admin
from securenet_obs.drills.faults.signals import pause
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack
from securenet_obs.workers.celery_app import TASKS, create_celery

RECORDED = Path(__file__).with_name("recorded_drills.json")
RULES = Path(__file__).parents[3] / "securenet_obs" / "workers" / "metrics" / "alerts.yml"

INTERVAL_S = 2.0
SCRAPES = 8
HEALTHY_SCRAPES = 30

_TIMESTAMP = "_timestamp_seconds"

Scrape = dict[str, float]


class Scraper:
    """The served metrics of a stack; an empty scrape while nothing answers."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/metrics"
        self._names = set(re.findall(r"securenet_[a-z_]+", RULES.read_text()))
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def scrape(self) -> Scrape:
        """Return the values of the rules' metrics."""
        try:
            text = self._open(self._url, timeout=10).read().decode()
        except OSError:
            return {}
        now = time.time()
        return {
            _format_series(sample.name, sample.labels): round(
                sample.value - (now if sample.name.endswith(_TIMESTAMP) else 0), 3
            )
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name in self._names
        }

    def record(self, count: int) -> list[Scrape]:
        """Return several scrapes."""
        scrapes = []
        for _ in range(count):
            scrapes.append(self.scrape())
            time.sleep(INTERVAL_S)
        return scrapes


def _format_series(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name


@contextmanager
def suspend_worker(stack: LocalStack) -> Iterator[None]:
    """Suspend the worker while it has more batches than it can hold, and none that it executes."""
    key = dict(pair.split("=") for pair in stack.environment["API_KEYS"].split(","))
    with pause(stack.parts["worker"]):
        for _ in range(60):
            httpx.post(
                f"{stack.environment['API_URL']}/v1/tenants/tenant-canary/logs",
                json=[{"timestamp": "2026-11-26T12:00:00Z", "src_ip": "192.0.2.1"}],
                headers={"Authorization": f"Bearer {key['tenant-canary']}"},
                trust_env=False,
                timeout=30,
            ).raise_for_status()
        yield


@contextmanager
def hold_message(stack: LocalStack) -> Iterator[None]:
    """Suspend the worker as soon as it holds a message."""
    with ExitStack() as ends, _open_admin(stack.environment["REDIS_URL"]) as client:

        def suspend_holder() -> bool:
            ends.enter_context(pause(stack.parts["worker"]))
            if client.hlen("unacked"):
                return True
            ends.close()
            return False

        assert poll_until(suspend_holder, deadline_s=120, interval_s=0.02)
        yield


@contextmanager
def suspend_beat(stack: LocalStack) -> Iterator[None]:
    """Suspend beat, so that nothing is scheduled."""
    with pause(stack.parts["beat"]):
        yield


@contextmanager
def suspend_redis(stack: LocalStack) -> Iterator[None]:
    """Let Redis answer nothing."""
    with pause(stack.parts["redis"]):
        yield


@contextmanager
def fill_redis(stack: LocalStack) -> Iterator[None]:
    """Let Redis refuse all writes: its memory is full."""
    with _open_admin(stack.environment["REDIS_URL"]) as client, STATES["OOM"](client):
        yield


@contextmanager
def fail_tasks(stack: LocalStack) -> Iterator[None]:
    """Send tasks without their argument, which fail for good: they become dead letters."""
    urls = {name: stack.environment[name.upper()] for name in ("redis_url", "result_url")}
    with create_celery(Settings.model_validate(urls)) as sender, denied_join_result():
        for _ in range(3):
            sender.send_task(f"{TASKS}.run_vulnerability_scan", queue="scans")
    yield


OTHERS = HEALTHY, FAILING, UNSERVED = "healthy", "a validation fails", "nothing serves metrics"
"""Names of what else is recorded."""


def compress(scrapes: list[Scrape]) -> dict[str, str]:
    """Return each series as promtool reads it: `_x3` is none three times, `5x3` 5 four times."""
    return {
        series: " ".join(_compress_values([scrape.get(series) for scrape in scrapes]))
        for series in sorted({series for scrape in scrapes for series in scrape})
    }


def _compress_values(values: list[float | None]) -> Iterator[str]:
    for value, group in groupby(values):
        count = len(list(group))
        if value is None:
            yield f"_x{count}"
        else:
            yield f"{value:.10g}x{count - 1}" if count > 1 else f"{value:.10g}"


Drill = Callable[[LocalStack], AbstractContextManager[None]]

DRILLS: dict[str, Drill] = {
    "tasks fail": fail_tasks,
    "beat is suspended": suspend_beat,
    "a message is held": hold_message,
    "the worker is suspended": suspend_worker,
    "Bugsink is stopped": stop_bugsink,
    "the disk of the logs is full": fill_log_disk,
    "Redis is full": fill_redis,
    "Redis does not answer": suspend_redis,
}
"""Name -> the fault; each lasts until its scrapes are recorded."""


@contextmanager
def serve_metrics(folder: Path, port: int) -> Iterator[None]:
    """Serve the metrics of the stack in `folder` during a block."""
    command = [sys.executable, "-m", "securenet_obs", "metrics", "serve", "--port", str(port)]
    target = ["--target", str(folder / "target.env"), "--evidence", str(folder / "evidence")]
    process = subprocess.Popen([*command, *target])
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def validate(folder: Path, *parameters: str) -> None:
    """Run a validation, whose verdict becomes a metric."""
    command = [sys.executable, "-m", "securenet_obs", "run", "08_the_broker_is_safe"]
    target = ["--target", str(folder / "target.env"), "--evidence", str(folder / "evidence")]
    subprocess.run([*command, *target, *parameters], check=False)


def record(folder: Path, names: Collection[str]) -> Iterator[tuple[str, list[Scrape]]]:
    """Yield the scrapes of a healthy stack, and of each drill, by name."""
    (port,) = find_free_ports(1)
    scraper = Scraper(port)
    with LocalStack("recorded", folder / "stack", cache=Path(".securenet")) as stack:
        text = "".join(f"{name}={value}\n" for name, value in stack.environment.items())
        (folder / "target.env").write_text(text)
        with serve_metrics(folder, port):
            validate(folder)
            poll_until(scraper.scrape, deadline_s=30)
            if HEALTHY in names:
                yield HEALTHY, scraper.record(HEALTHY_SCRAPES)
            for name in (each for each in DRILLS if each in names):
                print(name, flush=True)
                with DRILLS[name](stack):
                    yield name, scraper.record(SCRAPES)
                time.sleep(10)
            if FAILING in names:
                validate(folder, "-p", "largest_clock_difference_s=0")
                yield FAILING, scraper.record(SCRAPES)
        if UNSERVED in names:
            yield UNSERVED, scraper.record(2)


def main(names: Collection[str]) -> None:
    """Record these, or all, and write them to the file beside this one."""
    recorded = json.loads(RECORDED.read_text()) if names else {}
    with tempfile.TemporaryDirectory() as folder:
        for name, scrapes in record(Path(folder), names or {*DRILLS, *OTHERS}):
            recorded[name] = compress(scrapes)
    RECORDED.write_text(json.dumps(recorded, indent=0) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
