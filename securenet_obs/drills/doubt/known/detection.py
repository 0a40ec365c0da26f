"""Known faults of the three tasks: network logs, vulnerabilities, anomalies."""

from functools import partial

from securenet_obs.drills.doubt.known_fault import KnownFault, expect_alarm
from securenet_obs.drills.doubt.parts import break_part

_DETECTION = "10_detection_is_right"
_CHECKS = {
    "drop_malformed": "every item is counted or quarantined",
    "miss_denials": "the minutes are the planted ones",
    "count_repeats": "a repeated batch changes nothing",
    "part_aliases": "exactly the planted vulnerabilities are found",
    "forget_severities": "every severity is that of its CVSS vector",
    "plan_by_own_vulnerabilities": "the plan leads to versions without vulnerabilities",
    "take_unjudged_for_safe": "what cannot be judged is listed",
    "confuse_causes": "every cause is the planted one",
    "keep_findings_open": "a fixed finding is resolved",
    "cut_history": "the model has learned the whole history",
    "never_be_silent": "exactly the planted anomalies are found",
    "withhold_reasons": "every anomaly is explained",
}
"""Change of `changes.detection` -> the only check that it fails."""

FAULTS = tuple(
    KnownFault(
        change.replace("_", "-"),
        f"The worker is changed so that a check fails: {check}.",
        partial(break_part, part="worker", changes=(f"detection.{change}",)),
        expect_alarm(_DETECTION, check),
    )
    for change, check in _CHECKS.items()
)
"""The faults."""
