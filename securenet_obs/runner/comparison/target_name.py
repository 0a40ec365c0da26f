"""Names of targets by which runs of different commands belong together."""

import os
from collections.abc import Mapping
from typing import Any

LOCAL_STACK = "local stack"
"""Name of every local stack; each has a random name of its own."""


def name_target(facts: Mapping[str, Any]) -> str:
    """Return the name of the target of a command, by its object `target` in `run.json`."""
    name = str(facts.get("name") or "unknown")
    if name.startswith(LOCAL_STACK):
        return LOCAL_STACK
    if name == "environment":
        place = facts.get("API_URL") or facts.get("SENTRY_URL")
        deployment = str(facts.get("ENVIRONMENT") or name)
        return f"{deployment} ({place})" if place else deployment
    return os.path.normpath(name)
