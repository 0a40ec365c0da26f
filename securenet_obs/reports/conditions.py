"""The conditions of a run: code, parameters, settings, target and deadlines, as one digest.

Two runs under equal conditions should come to the same verdict. A change of a remote target is
visible by its settings alone, such as SECURENET_RELEASE.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from securenet_obs.runner.comparison.target_name import LOCAL_STACK, name_target

_LOOPBACK = re.compile(r"(?:[^/@\s]+@)?(?:127\.0\.0\.1|localhost|\[::1\]):\d+")
"""An address that each local stack has anew, with the login or the key of a DSN."""


def digest_conditions(manifest: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Return the digest of a run's conditions.

    Args:
        manifest: content of the command's `run.json`.
        row: the run's object in it.
    """
    facts = manifest.get("target") or {}
    conditions = {
        "code": [manifest.get(name) for name in ("code", "commit", "versions")],
        "notebook": row.get("sources"),
        "parameters": row.get("parameters"),
        "target": name_target(facts),
        "settings": _settle(facts),
        "deadlines": row.get("limits") or _find_limits(manifest, row),
    }
    text = json.dumps(conditions, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _settle(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings; those of a local stack without its ports, keys and folders."""
    settings = {name: str(value) for name, value in facts.items() if name != "name"}
    if name_target(facts) != LOCAL_STACK:
        return settings
    stable = {name: _LOOPBACK.sub("loopback", value) for name, value in settings.items()}
    return {name: value for name, value in stable.items() if not value.startswith("/")}


def _find_limits(manifest: Mapping[str, Any], row: Mapping[str, Any]) -> list[Any]:
    """Return the deadlines that were ordered for the notebook of a run without recorded limits."""
    path = str(row.get("path", ""))
    orders = [order for order in manifest.get("planned") or [] if isinstance(order, Mapping)]
    same = [order for order in orders if str(order.get("path", "")).endswith(path.lstrip("."))]
    return [[order.get("deadline_s"), order.get("cell_deadline_s")] for order in same]
