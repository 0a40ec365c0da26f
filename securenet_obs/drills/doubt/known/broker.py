"""Known faults of Redis's settings and contents."""

from functools import partial

from securenet_obs.drills.doubt.broker import change_setting, hold_message, keep_result
from securenet_obs.drills.doubt.known_fault import KnownFault, expect_alarm

_BROKER = "08_the_broker_is_safe"


FAULTS = (
    KnownFault(
        "keys-evicted",
        "Redis evicts keys when its memory is full.",
        partial(change_setting, name="maxmemory-policy", value="allkeys-lru"),
        expect_alarm(_BROKER, "no key is evicted"),
    ),
    KnownFault(
        "queues-not-kept",
        "Redis does not keep its data over a restart.",
        partial(change_setting, name="appendonly", value="no"),
        expect_alarm(_BROKER, "a restart keeps the queues"),
    ),
    KnownFault(
        "memory-short",
        "Redis has 20 MB of memory.",
        partial(change_setting, name="maxmemory", value="20mb"),
        expect_alarm(_BROKER, "Redis has free memory", largest_memory_share=0.05),
    ),
    KnownFault(
        "message-held",
        "A worker holds a message for half an hour.",
        hold_message,
        expect_alarm(_BROKER, "no message is held for too long", longest_held_s=900),
    ),
    KnownFault(
        "result-endless",
        "A result never expires.",
        keep_result,
        expect_alarm(_BROKER, "every result expires"),
    ),
)
"""The faults."""
