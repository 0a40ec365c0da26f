"""Connections of distributed validations: the broker's URL, a Redis client, the shared place."""

import os
from collections.abc import Mapping
from typing import Any

import redis

from securenet_obs.addresses import invalid_addresses
from securenet_obs.errors import SettingsError
from securenet_obs.settings import settings_of

_OWN = ("VALIDATION_", "AWS_")
"""First parts of the names of variables for the queue and the shared place; no run has them."""


def broker_url(variables: Mapping[str, str]) -> str:
    """Return the URL of the validations' queue.

    Args:
        variables: those of a target; those of this process name the queue, too.

    Raises:
        SettingsError: it is not the URL of a Redis database.
    """
    own = os.environ.get(_URL, "")
    given = {name: text for name, text in variables.items() if name in ("REDIS_URL", _URL)}
    url = settings_of({_URL: own, **given}).validation_broker.get_secret_value()
    # A target's own variables were checked before; those of this process are not among them.
    if problem := invalid_addresses({_URL: url}).get(_URL):
        raise SettingsError(f"{_URL} cannot be used: {problem}.")
    return url


_URL = "VALIDATION_BROKER_URL"


def evidence_url(variables: Mapping[str, str]) -> str:
    """Return the URL of the shared place.

    Raises:
        SettingsError: VALIDATION_EVIDENCE is not set.
    """
    name = "VALIDATION_EVIDENCE"
    url = variables.get(name) or os.environ.get(name, "")
    if not url.strip():
        raise SettingsError(
            f"{name} is not set: name the place that this command and the validation workers "
            "share, such as file:///srv/evidence or s3://bucket/evidence."
        )
    return url.strip()


def run_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a run: without those for the queue and the shared place."""
    return {name: text for name, text in variables.items() if not name.startswith(_OWN)}


def connect(url: str) -> Any:
    """Return a client of the validations' Redis database; its answers are texts."""
    return redis.Redis.from_url(
        url,
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=25,
        decode_responses=True,
    )
