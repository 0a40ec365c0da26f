"""Known faults of log lines."""

from functools import partial

from securenet_obs.drills.doubt.known_fault import KnownFault, expect_alarm
from securenet_obs.drills.doubt.parts import break_part

_LOGS = "02_logs_are_structured_json"
_CLOCK = "log timestamps match the wall clock"


_alarm = partial(expect_alarm, _LOGS, deadline_s=20)

FAULTS = (
    KnownFault(
        "lines-of-another-shape",
        "The API prints a line of text, drops a field, and its clock is an hour ahead.",
        partial(
            break_part,
            part="api",
            changes=("lines.print_text", "lines.drop_field", "lines.set_clock_ahead_by_an_hour"),
        ),
        _alarm(
            "every line is one strict JSON object", "every line has the required fields", _CLOCK
        ),
    ),
    KnownFault(
        "local-time",
        "The API writes timestamps in local time, without a zone.",
        partial(break_part, part="api", changes=("lines.write_local_time",)),
        _alarm("every timestamp is UTC", _CLOCK),
    ),
    KnownFault(
        "clock-five-seconds-ahead",
        "The clock of the worker's log lines is five seconds ahead.",
        partial(break_part, part="worker", changes=("lines.set_clock_ahead_by_five_seconds",)),
        _alarm(_CLOCK),
    ),
)
"""The faults, grouped by part."""
