"""Names in Redis, which writers and readers must share."""

import subprocess
import sys

from celery.backends.base import KeyValueStoreBackend
from kombu.transport.redis import Channel

from securenet_obs.probes.celery import ages, queues
from securenet_obs.probes.celery import names as probed
from securenet_obs.workers import names, schedule


def test_probes_read_the_keys_that_workers_write() -> None:
    """Probes share no code with the workers, so they define the keys again."""
    assert probed.TICK_KEY == names.TICK_KEY
    assert probed.ENTRIES_KEY == schedule.ENTRIES_KEY


def test_the_keys_match_celery_and_kombu() -> None:
    """Both libraries have them as class attributes."""
    prefix = KeyValueStoreBackend.task_keyprefix
    assert names.RESULT_PREFIX == probed.RESULT_PREFIX == prefix
    assert names.UNACKED_KEY == queues.UNACKED_KEY == Channel.unacked_key
    assert names.UNACKED_INDEX_KEY == ages.OLDEST_IN_FLIGHT[1] == Channel.unacked_index_key


def test_the_stack_reads_the_names_without_celery() -> None:
    """Most commands import the stack, and the import of Celery takes half a second."""
    program = (
        "import sys\n"
        "from securenet_obs.stack.parts.readiness import TICK_KEY\n"
        "from securenet_obs.stack.parts.services import QUEUES\n"
        "sys.exit('celery' in sys.modules or 'kombu' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
