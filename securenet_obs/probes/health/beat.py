"""Health of beat: its ticks are recent, and every due entry has been sent."""

import json
import time
from collections.abc import Mapping
from typing import Any

from securenet_obs.probes.celery.names import ENTRIES_KEY, TICK_KEY
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.probes.health.health import Health
from securenet_obs.probes.health.redis_writes import probe_redis
from securenet_obs.settings import Settings

_TOLERANCE_S = 5.0
"""Seconds that beat's clock may be ahead of ours."""


def probe_beat(settings: Settings, oldest_tick_s: float) -> Health:
    """Judge beat by the effects of its ticks in Redis.

    Beat is healthy if its last tick is recent, no entry has been due for longer than that, and no
    entry's next time is further away than its period, as after a correction of the clock.

    Args:
        settings: those of the target.
        oldest_tick_s: seconds for which a tick may be missing, or an entry overdue.

    Raises:
        SettingsError: RESULT_URL is not a Redis URL.
        ForbiddenError: Redis refuses access.
        RefusedError: Redis accepts no writes, so that beat can record no tick.
        UnreachableError: Redis does not answer.
    """
    with (
        translate_redis_errors(settings.results, "RESULT_URL"),
        open_redis(settings.results, "RESULT_URL") as results,
    ):
        tick: Any = results.get(TICK_KEY)
        entries: Any = results.hgetall(ENTRIES_KEY)
    found = _judge(tick, entries, oldest_tick_s)
    if not found.is_healthy:
        # Beat records nothing in a Redis that refuses writes, and goes on by itself.
        probe_redis(settings)
    return found


def _judge(tick: Any, entries: Mapping[bytes, bytes], oldest_tick_s: float) -> Health:
    if tick is None:
        return Health("beat", False, "no tick is recorded")
    now = time.time()
    age_s = now - float(tick)
    problems = [
        problem
        for name, entry in sorted(entries.items())
        if (problem := _describe_problem(name.decode(), json.loads(entry), now, oldest_tick_s))
    ]
    if abs(age_s) > oldest_tick_s:
        problems.insert(0, f"the last tick is {age_s:.1f} s old")
    observed = f"the last tick is {age_s:.1f} s old, and none of {len(entries)} entries is overdue"
    return Health("beat", not problems, "; ".join(problems) or observed)


def _describe_problem(name: str, entry: Mapping[str, Any], now: float, oldest_tick_s: float) -> str:
    """Return the problem of an entry's times; empty if there is none."""
    due_in_s, period_s = entry["next"] - now, entry.get("period")
    if due_in_s < -oldest_tick_s:
        return f"{name} has been due for {-due_in_s:.0f} s"
    if period_s is not None and due_in_s > period_s + _TOLERANCE_S:
        return f"{name} is due in {due_in_s:.0f} s, later than its period of {period_s:.0f} s"
    return ""
