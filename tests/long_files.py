"""Order of the test files: the longest begin first, so that no process works alone at the end."""

from collections.abc import Iterable
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

LONGEST = (
    "notebooks/test_stored_outputs.py",
    "runner/test_execution.py",
    "runner/kernel/test_faults.py",
    "runner/test_command.py",
    "test_overrides.py",
    "redaction/rules/test_rule_set.py",
    "notebooks/test_faults.py",
    "notebooks/test_faults_of_ledger.py",
    "drills/test_running.py",
    "test_readme.py",
    "stack/test_detached.py",
    "monitoring/sentry/delivery/test_child_processes.py",
    "workers/celery_fixes/test_consumer.py",
    "notebooks/test_papermill.py",
    "runner/kernel/test_warm.py",
    "oncall/dossiers/test_service.py",
    "runbooks/test_looks.py",
    "notebooks/test_second_stack.py",
    "stack/test_local_stack.py",
    "monitoring/test_services.py",
    "cli/commands/test_ledger.py",
    "test_workflow.py",
    "runner/test_kill_matrix.py",
    "cli/commands/test_targets.py",
    "monitoring/sentry/delivery/test_event_limits.py",
    "runbooks/test_schedule_stopped.py",
    "runbooks/test_tasks_run_twice.py",
    "distributed/caller/test_following.py",
    "store/test_migration.py",
    "runbooks/test_worker_is_gone.py",
    "api/test_app.py",
    "probes/logs/records/test_table.py",
    "runbooks/test_cell_by_cell.py",
    "runbooks/test_worker_answers_but_does_nothing.py",
    "probes/health/test_worker.py",
    "api/test_readiness.py",
    "runbooks/test_queue_is_growing.py",
    "redaction/text/test_search.py",
    "monitoring/logs/output/test_printed_lines.py",
    "workers/test_schedule.py",
    "test_set_up.py",
    "store/test_schema.py",
    "workers/test_kept_letters.py",
    "cli/commands/test_store.py",
    "monitoring/sentry/delivery/test_transport.py",
    "cli/test_read_only.py",
)
"""Files that take more than twenty seconds, the longest first, as of `pytest --durations=0`.

Behind the first file, five need no local stack: a fresh clone installs Bugsink meanwhile.
"""


def order_by_file(items: list[pytest.Item], longest: Iterable[Path]) -> None:
    """Move the tests of some files to the beginning, in the order of the files."""
    places = {path: place for place, path in enumerate(longest)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def longest_files() -> list[Path]:
    """Return the paths of the longest files."""
    return [TESTS / name for name in LONGEST]
