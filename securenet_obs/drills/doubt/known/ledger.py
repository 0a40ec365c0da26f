"""Known faults of the ledger's accounts."""

from functools import partial

from securenet_obs.drills.doubt.known_fault import KnownFault, expect_alarm
from securenet_obs.drills.doubt.parts import break_part

_LEDGER = "11_nothing_is_missing"


# The records of the ledger come in slices of ten seconds.
_alarm = partial(expect_alarm, _LEDGER, deadline_s=22)

FAULTS = (
    KnownFault(
        "sends-and-events-unrecorded",
        "The API records neither tasks nor error events; a tenth of its lines is refused.",
        partial(
            break_part,
            part="api",
            changes=(
                "ledger.forget_sends",
                "ledger.forget_events",
                "lines.refuse_lines",
            ),
        ),
        _alarm(
            "every submitted batch is in the ledger",
            "every raised error is in the ledger",
            "no line was lost",
        ),
    ),
    KnownFault(
        "lines-vanish",
        "A tenth of the API's lines vanish, and Sentry is not there.",
        partial(
            break_part,
            part="api",
            changes=("lines.lose_lines",),
            environment={"SENTRY_DSN": "http://key@127.0.0.1:1/1"},
        ),
        _alarm("no event was dropped", "no line is missing"),
    ),
    KnownFault(
        "lines-uncounted",
        "The worker does not count its log lines.",
        partial(break_part, part="worker", changes=("ledger.forget_lines",)),
        _alarm("the services count their lines"),
    ),
)
"""The faults, grouped by part."""
