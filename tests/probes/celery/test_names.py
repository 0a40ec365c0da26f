"""The probes' own names are those that SecureNet's processes use."""

from securenet_obs.probes.celery import names as probed
from securenet_obs.workers import names, results, schedule, windows
from securenet_obs.workers.celery_fixes import requests


def test_the_names_are_those_of_the_workers() -> None:
    """A key that only one side renames would make a probe read nothing."""
    assert (probed.DIRECT_PREFIX, probed.TICK_KEY) == (names.DIRECT_PREFIX, names.TICK_KEY)
    assert (probed.RESULT_PREFIX, probed.UNACKED_KEY) == (names.RESULT_PREFIX, names.UNACKED_KEY)
    assert probed.ENTRIES_KEY == schedule.ENTRIES_KEY
    assert requests.STARTS_KEY.format(task_id="") == probed.STARTS_PREFIX
    assert (probed.SENT_KEY, probed.WINDOW_HEADER) == (schedule.SENT_KEY, windows.WINDOW_HEADER)
    prefixes = (probed.OWNER_PREFIX, probed.EVENT_PREFIX)
    keys = (results.OWNER_KEY, results.EVENT_KEY)
    assert prefixes == tuple(key.format(task_id="") for key in keys)
