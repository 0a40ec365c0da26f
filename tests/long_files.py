"""Order of the test files: the longest begin first, so that no process works alone at the end."""

from collections.abc import Iterable
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

LONGEST = (
    "notebooks/test_faults_of_flow.py",
    "drills/test_running.py",
    "notebooks/test_faults.py",
    "notebooks/test_faults_of_ledger.py",
    "workers/celery_fixes/test_consumer.py",
    "runner/test_execution.py",
    "runbooks/test_queue_is_growing.py",
    "notebooks/test_faults_of_schedule.py",
    "runner/kernel/test_faults.py",
    "notebooks/test_stored_outputs.py",
    "notebooks/test_papermill.py",
    "stack/test_detached.py",
    "runner/test_kill_matrix.py",
    "runner/kernel/test_warm.py",
    "monitoring/sentry/delivery/test_child_processes.py",
    "cli/commands/test_targets.py",
    "monitoring/test_services.py",
    "cli/commands/test_stack.py",
    "notebooks/test_second_stack.py",
    "api/test_app.py",
    "workers/test_tasks.py",
    "workers/celery_fixes/test_lease.py",
    "monitoring/sentry/events/exceptions/test_conversion.py",
    "monitoring/sentry/delivery/test_event_limits.py",
    "redaction/rules/test_prefilter.py",
    "test_wheel.py",
)
"""Files that take more than ten seconds, the longest first, as of `pytest --durations=0`."""


def order_by_file(items: list[pytest.Item], longest: Iterable[Path]) -> None:
    """Move the tests of some files to the beginning, in the order of the files."""
    places = {path: place for place, path in enumerate(longest)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def longest_files() -> list[Path]:
    """Return the paths of the longest files."""
    return [TESTS / name for name in LONGEST]
