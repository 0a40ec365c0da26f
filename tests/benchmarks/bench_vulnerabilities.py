"""Cost of a scan after a synchronisation: 10,000 components against 150,000 advisories.

    python tests/benchmarks/bench_vulnerabilities.py [--json FILE]

The advisories are generated: 40,000 packages of four ecosystems, a few of which have hundreds. A
scan is measured as a task does it, in a process of its own, with its peak of memory. Beside it: a
bare loop of orjson over the same records, without any matching. pip-audit has no offline mode: it
asks PyPI or OSV's API about each package.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rounds import Row, report

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.components import Component, Inventory
from securenet_obs.detection.vulnerabilities.ecosystems import package_of
from securenet_obs.detection.vulnerabilities.stored.advisories import sync_advisories
from securenet_obs.detection.vulnerabilities.stored.inventories import store_inventory
from securenet_obs.store import session_scope
from securenet_obs.store.migration import migrate

ADVISORIES, PACKAGES, COMPONENTS, ROUNDS = 150_000, 40_000, 10_000, 5
MOST_S, MOST_BYTES = 2.0, 300 * 1024 * 1024
ECOSYSTEMS = ("PyPI", "npm", "Maven", "Go")
CASE = f"{COMPONENTS:,} components, {ADVISORIES:,} advisories"

# The first scan of a process is measured, with its imports of version classes.
MEASURE = """
import json, sys, time
from pathlib import Path
from securenet_obs.detection.vulnerabilities.stored.scans import scan_tenant
began = time.perf_counter()
result = scan_tenant("acme")
seconds = time.perf_counter() - began
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
print(json.dumps([seconds, peak, result["counts"]]))
"""


def package(number: int) -> tuple[str, str]:
    """Return ecosystem and name of a package."""
    ecosystem = ECOSYSTEMS[number % len(ECOSYSTEMS)]
    prefix = {"Maven": "org.example:", "Go": "example.org/"}.get(ecosystem, "")
    return ecosystem, f"{prefix}package-{number}"


def version(choose: random.Random, first_major: int = 0) -> str:
    """Return a version."""
    return f"{choose.randrange(first_major, 6)}.{choose.randrange(30)}.{choose.randrange(20)}"


def numbers(text: str) -> tuple[int, ...]:
    """Return a version as numbers."""
    return tuple(map(int, text.split(".")))


def make_advisory(number: int, choose: random.Random) -> dict[str, Any]:
    """Return an advisory; low numbers of packages are the most frequent."""
    ecosystem, name = package(int(PACKAGES * choose.random() ** 2))
    fixed = version(choose)
    affected: dict[str, Any] = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
    }
    if ecosystem == "PyPI":
        every = (version(choose) for _ in range(40))
        affected["versions"] = [text for text in every if numbers(text) < numbers(fixed)]
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
    return {
        "id": f"GHSA-{number}",
        "aliases": [f"CVE-2026-{number}"],
        "modified": f"{datetime.now(UTC):%FT%TZ}",
        "summary": "A vulnerability " + "x" * choose.randrange(60),
        "details": "x" * choose.randrange(200, 2_000),
        "severity": [{"type": "CVSS_V3", "score": vector}],
        "affected": [affected],
    }


def make_inventory(choose: random.Random) -> Inventory:
    """Return an inventory: half of its packages have advisories, and most are up to date."""
    components = []
    for number in choose.sample(range(2 * PACKAGES), COMPONENTS):
        ecosystem, name = package(number)
        recent = version(choose, first_major=5)
        component = Component(package_of(ecosystem, name), name, recent, f"lock:{number}")
        components.append(component)
    return Inventory(components)


def sources(records: list[bytes]) -> Iterator[Source]:
    """Yield the records as a reader does."""
    return (Source("all.zip", orjson.loads(record)) for record in records)


def measure() -> tuple[float, int, dict[str, int]]:
    """Return seconds, peak of memory in bytes, and counts of a scan in a process of its own."""
    done = subprocess.run([sys.executable, "-c", MEASURE], stdout=subprocess.PIPE, check=True)
    seconds, peak, counts = json.loads(done.stdout.splitlines()[-1])
    return seconds, peak, counts


def timed(call: Any) -> float:
    """Return the seconds of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> None:
    """Synchronise, scan in several rounds, and print the table."""
    choose = random.Random(7)
    records = [orjson.dumps(make_advisory(number, choose)) for number in range(ADVISORIES)]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'store.sqlite3'}"
        migrate(os.environ["DATABASE_URL"])
        first_s = timed(lambda: sync_advisories("bench", sources(records)))
        again_s = timed(lambda: sync_advisories("bench", sources(records)))
        with session_scope() as session:
            store_inventory(session, "acme", make_inventory(choose), "bench")
        rounds = []
        for _ in range(ROUNDS):
            bare_s = timed(lambda: [orjson.loads(record) for record in records])
            rounds.append((*measure()[:2], bare_s))
        counts = measure()[2]
    print(f"{counts}; first synchronisation {first_s:.1f} s, without changes {again_s:.1f} s")
    scan_s, bare_s = (statistics.median(row[place] for row in rounds) for place in (0, 2))
    peak = max(row[1] for row in rounds)
    ratio = statistics.median(row[0] / row[2] for row in rounds)
    report(
        "vulnerabilities",
        [
            Row(CASE, "an orjson loop", bare_s * 1e6, 1.0, "an orjson loop"),
            Row(CASE, "scan_tenant", scan_s * 1e6, ratio, "an orjson loop"),
            Row(
                CASE, "scan_tenant", scan_s * 1e6, scan_s, "second",
                f"<= {MOST_S:g}", scan_s <= MOST_S,
            ),
            Row(
                "its peak of memory", "scan_tenant", scan_s * 1e6, peak / MOST_BYTES, "300 MiB",
                "<= 1", peak <= MOST_BYTES,
            ),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
