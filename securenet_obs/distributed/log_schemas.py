"""Log schemas of the last green runs in the validations' Redis, for the workers of a target.

A worker has no earlier evidence: a field that vanished from the log would be in none of its checks.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from redis.exceptions import RedisError

from securenet_obs.distributed.names import LOG_SCHEMA_KEY
from securenet_obs.runner.comparison.facts import LOG_SCHEMA_SUFFIX
from securenet_obs.runner.comparison.target_name import name_target
from securenet_obs.runner.record.order import Order
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.runner.target import Target

_log = structlog.get_logger(__name__)


def with_last_schema(client: Any, target: Target, order: Order, scratch: Path) -> Order:
    """Return the order with the log schema of its last green run on the target, if there is one."""
    if not _reads_logs(order):
        return order
    try:
        text = client.get(_key(target, order))
    except (RedisError, OSError) as error:
        _log.warning("validation_log_schema_unread", reason=type(error).__name__)
        return order
    if not text:
        return order
    path = scratch / f"last-green{LOG_SCHEMA_SUFFIX}"
    path.write_text(text, encoding="utf-8")
    return replace(order, log_schema=path)


def keep_schema(
    client: Any, target: Target, order: Order, folder: Path, runs: Sequence[RunRecord]
) -> None:
    """Keep the log schema of a run that passed; one that Redis does not take is not kept."""
    for run in runs:
        path = folder / f"{run.run}{LOG_SCHEMA_SUFFIX}"
        has_passed = run.judged and run.judged["verdict"] == Verdict.PASSED
        if not (_reads_logs(order) and has_passed and path.exists()):
            continue
        try:
            client.set(_key(target, order), path.read_text(encoding="utf-8"))
        except (RedisError, OSError) as error:
            _log.warning("validation_log_schema_unkept", reason=type(error).__name__)


def _reads_logs(order: Order) -> bool:
    return "logs" in order.notebook.declared.all_needs


def _key(target: Target, order: Order) -> str:
    return LOG_SCHEMA_KEY.format(target=name_target(target.facts()), notebook=order.notebook.name)
