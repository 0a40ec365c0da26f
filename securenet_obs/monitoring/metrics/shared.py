"""Sums of all processes' metrics, in one hash of Redis; correct for any number of hosts.

A hash in Redis instead of files of `prometheus_client`'s multi-process mode: each recycled child of
a worker would leave files of its own, and only the processes of one host could share them.
"""

import json
from collections.abc import Mapping
from typing import Any

from redis import Redis

from securenet_obs.monitoring.metrics.definitions import DEFINITIONS
from securenet_obs.monitoring.metrics.tally import Sample

METRICS_KEY = "securenet:metrics"
"""Hash in the result database: a sample as JSON -> its sum. Bounded, as the labels are."""


def add_samples(client: Redis, increments: Mapping[Sample, float]) -> None:
    """Add increments to the sums, all or none.

    Raises:
        RedisError, OSError: Redis did not confirm it. If the connection broke, they may be added.
    """
    with client.pipeline(transaction=True) as pipe:
        for sample, amount in increments.items():
            pipe.hincrbyfloat(METRICS_KEY, json.dumps(sample), amount)
        pipe.execute()


def read_samples(client: Redis) -> dict[Sample, float]:
    """Return the sums of the metrics that this version defines.

    Raises:
        RedisError, OSError: Redis did not answer.
    """
    stored: Any = client.hgetall(METRICS_KEY)
    samples = {tuple(json.loads(field)): float(value) for field, value in stored.items()}
    return {sample: value for sample, value in samples.items() if _is_defined(sample)}


def _is_defined(sample: Sample) -> bool:
    """Return whether a sample is one of this version: an older one may have other labels."""
    definition = DEFINITIONS.get(sample[0])
    return definition is not None and len(sample) == 2 + len(definition.labels)
