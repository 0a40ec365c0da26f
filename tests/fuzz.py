"""Searches for examples that break a test: `make fuzz SECONDS=120`.

Every test of hypothesis is run in rounds, each with another seed, until the time is up. Then each
reader of network logs is searched by coverage for half of that time, two at once. A finding
is printed and kept below `.securenet/fuzz`: a report of the round with the falsifying example, and
the example itself, which later searches try first. The exit status is 1 after a finding, 3 if
the search could not run, else 0. With CI set it is 0 after a finding, too: the change
under test did not cause it, and `make test` has judged that change already.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.detection.network.readers.fuzzed import TARGETS
from tests.guided import Search
from tests.searching import FUZZ, KEPT

ALL = ["tests"]
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
PYTEST = [
    *(sys.executable, "-m", "pytest", "-q", f"--hypothesis-profile={FUZZ}"),
    # The second makes hypothesis print examples without their arguments.
    *("-p", "no:nbval", "-p", "no:schemathesis"),
]
# Hypothesis draws the seed: with `--hypothesis-seed` it would not keep the example.


class SearchError(Exception):
    """The search could not run."""


def collected(paths: Sequence[str]) -> list[str]:
    """Return the ids of the tests that search for examples.

    Raises:
        SearchError: no test was found, or the tests cannot be imported.
    """
    command = [*PYTEST, "--collect-only", "-m", "hypothesis", *paths]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    tests = [line for line in listed.stdout.splitlines() if "::" in line and line[:1] != " "]
    if listed.returncode or not tests:
        raise SearchError(f"No test of hypothesis was found.\n{listed.stdout[-2000:]}")
    return tests


def search(tests: Sequence[str]) -> tuple[set[str], str]:
    """Run the tests once; return those that failed, and the output of pytest.

    Raises:
        SearchError: pytest itself failed.
    """
    processes = str(min(2, len(tests)))
    command = [*PYTEST, "-n", processes, "--tb=short", *tests]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = set(FAILED.findall(done.stdout))
    if done.returncode not in (0, 1) or bool(failed) != bool(done.returncode):
        raise SearchError(f"pytest ended with {done.returncode}.\n{done.stdout[-2000:]}")
    return failed, done.stdout


def keep(failed: set[str], printed: str) -> Path:
    """Write the report of a round with a finding; return its path."""
    KEPT.mkdir(parents=True, exist_ok=True)
    report = KEPT / f"found-{time.strftime('%Y%m%d-%H%M%S')}.log"
    names = " ".join(sorted(failed))
    report.write_text(
        f"Reproduce it: python -m pytest --hypothesis-profile={FUZZ} {names}\n"
        "Pin it: put the arguments above the test as @example(...), and mend the code.\n"
        f"\n{printed}"
    )
    return report


def fuzz(paths: Sequence[str], seconds: float) -> list[Path]:
    """Search in rounds until the time is up, without tests that failed; return the reports.

    Raises:
        SearchError: the search could not run.
    """
    ends, left, reports, rounds = time.monotonic() + seconds, collected(paths), [], 0
    while left and (not rounds or time.monotonic() < ends):
        failed, printed = search(left)
        rounds += 1
        if failed:
            reports.append(keep(failed, printed))
            print(reports[-1].read_text(), flush=True)
            left = [test for test in left if test not in failed]
    print(f"fuzz: {rounds} rounds, {len(reports)} of them with a finding.")
    return reports


def search_readers(seconds: float) -> list[Path]:
    """Search each reader of network logs by coverage; return the reports of findings."""
    with ProcessPoolExecutor(2) as pool:
        found = pool.map(partial(search_reader, seconds=seconds), TARGETS)
        return [report for report in found if report is not None]


def search_reader(name: str, seconds: float) -> Path | None:
    """Search one reader; write the report of a finding, and return its path."""
    begun = Search(TARGETS[name], random.Random())
    broken = begun.run(seconds)
    print(f"fuzz: {name}: {begun.executions} inputs, {len(begun.steps)} steps.", flush=True)
    if broken is None:
        return None
    KEPT.mkdir(parents=True, exist_ok=True)
    report = KEPT / f"found-{name}-{time.strftime('%Y%m%d-%H%M%S')}.log"
    where = "tests.detection.network.readers.fuzzed"
    report.write_text(
        f"Reproduce it: from {where} import TARGETS; TARGETS[{name!r}].check(\n{broken!r})\n"
        "Pin it: add the input to a test of the reader, and mend the code.\n"
    )
    print(report.read_text(), flush=True)
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Search as the command line requests, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long new rounds begin")
    parser.add_argument("paths", nargs="*", default=ALL, help="files of tests")
    given = parser.parse_args(arguments)
    try:
        reports = fuzz(given.paths, given.seconds)
        if given.paths == ALL:
            reports += search_readers(given.seconds / 2)
    except SearchError as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 3
    for report in reports:
        print(f"fuzz: FOUND SOMETHING: read {report}, pin the example beside its test, mend it.")
    return int(bool(reports) and not os.environ.get("CI"))


if __name__ == "__main__":
    sys.exit(main())
