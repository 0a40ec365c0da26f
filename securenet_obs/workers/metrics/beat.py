"""State of beat for a scraper: age of its last tick, and delay of its entries."""

import json
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from redis import Redis

from securenet_obs.workers.names import TICK_KEY
from securenet_obs.workers.schedule import ENTRIES_KEY


def read_beat(results: Redis) -> Iterator[Metric]:
    """Yield beat's lag; without a record of a tick there is no sample of its age.

    Raises:
        RedisError, OSError: Redis did not answer.
    """
    tick: Any = results.get(TICK_KEY)
    entries: Any = results.hgetall(ENTRIES_KEY)
    now = time.time()
    age = GaugeMetricFamily("securenet_beat_tick_age_seconds", "Time since beat's last tick.")
    if tick is not None:
        age.add_metric((), now - float(tick))
    yield age
    delay = GaugeMetricFamily(
        "securenet_beat_entry_delay_seconds",
        "Time for which an entry of beat is overdue; 0 if it is not.",
        labels=("entry",),
    )
    for name, entry in sorted(entries.items()):
        delay.add_metric((name.decode(),), max(0.0, now - json.loads(entry)["next"]))
    yield delay
