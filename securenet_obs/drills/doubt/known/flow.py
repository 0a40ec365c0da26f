"""Known faults that span parts: correlation ids, traces, secrets, isolation of tenants."""

from functools import partial

from securenet_obs.drills.doubt.known_fault import KnownFault, expect_alarm
from securenet_obs.drills.doubt.parts import break_part, remove_rules
from securenet_obs.redaction import RULES

_TRACE = "04_one_trace_end_to_end"
_SECRETS = "05_secrets_stay_out"
_TENANTS = "06_tenants_stay_apart"
_trace_alarm = partial(expect_alarm, _TRACE, deadline_s=20)
_secrets_alarm = partial(expect_alarm, _SECRETS, deadline_s=20)
_tenants_alarm = partial(expect_alarm, _TENANTS, deadline_s=20)
_UNTRACED = {"SENTRY_TRACES_SAMPLE_RATE": "0"}
_SAME_IDS = "both events carry the same ids"
_LOST = ("every hop carries the request id", "every hop carries the tenant", _SAME_IDS)
_TRANSACTIONS = (
    "every hop has a transaction",
    "every task is linked to its sender",
    "every transaction has spans",
)
_AT_ONCE = 25
"""Rules that are removed at once: no rule masks the specimens of another."""


_TRACES = (
    KnownFault(
        "ids-lost-by-api",
        "The API sends tasks without the ids of request and tenant.",
        partial(break_part, part="api", changes=("sentry.keep_ids",)),
        _trace_alarm(*_LOST),
    ),
    KnownFault(
        "trace-lost-by-api",
        "The API sends tasks without their trace.",
        partial(break_part, part="api", changes=("sentry.keep_trace",)),
        _trace_alarm("every hop carries the trace id", _SAME_IDS, *_TRANSACTIONS, deadline_s=5),
    ),
    KnownFault(
        "api-untraced",
        "The API samples no traces.",
        partial(break_part, part="api", environment=_UNTRACED),
        _trace_alarm(*_TRANSACTIONS, deadline_s=5),
    ),
    KnownFault(
        "spans-dropped",
        "The API sends transactions without spans.",
        partial(break_part, part="api", changes=("sentry.drop_spans",)),
        _trace_alarm(*_TRANSACTIONS[1:]),
    ),
    KnownFault(
        "ids-lost-by-worker",
        "The worker sends child tasks without the ids of request and tenant.",
        partial(break_part, part="worker", changes=("sentry.keep_ids",)),
        _trace_alarm(*_LOST),
    ),
    KnownFault(
        "worker-untraced",
        "The worker samples no traces.",
        partial(break_part, part="worker", environment=_UNTRACED),
        _trace_alarm(*_TRANSACTIONS, deadline_s=5),
    ),
    KnownFault(
        "worker-not-integrated",
        "The worker's Sentry client has no integration of Celery.",
        partial(break_part, part="worker", changes=("sentry.forget_integration",)),
        _trace_alarm("every hop carries the trace id", _SAME_IDS, *_TRANSACTIONS, deadline_s=5),
    ),
    KnownFault(
        "worker-logs-errors-only",
        "The worker's log level is ERROR.",
        partial(break_part, part="worker", environment={"LOG_LEVEL": "ERROR"}),
        _trace_alarm(
            "every hop has a log line",
            "both errors arrived in Sentry",
            "only the child's event names a task",
            deadline_s=3,
        ),
    ),
    KnownFault(
        "transactions-lost",
        "The relay loses transactions.",
        partial(break_part, part="relay", changes=("sentry.lose_transactions",)),
        _trace_alarm(*_TRANSACTIONS, deadline_s=5),
    ),
)
_LEAKS = (
    KnownFault(
        "input-repeated",
        "The API sends events without redaction and repeats an invalid body in its answer.",
        partial(break_part, part="api", changes=("sentry.send_unscrubbed", "api.repeat_input")),
        _secrets_alarm("no secret is in a stored Sentry event", "no secret is in an API response"),
    ),
    KnownFault(
        "lines-and-results-unredacted",
        "The worker writes log lines and results without redaction.",
        partial(
            break_part,
            part="worker",
            changes=("lines.write_secrets", "tasks.store_results_unredacted"),
        ),
        _secrets_alarm("no secret is in a log line", "no secret is in Redis"),
    ),
)
_ACCESS = (
    KnownFault(
        "keys-unchecked",
        "The API accepts any caller as any tenant.",
        partial(break_part, part="api", changes=("api.accept_any_key",)),
        _tenants_alarm(
            "the API refuses access to another tenant",
            "every refusal is logged",
            deadline_s=5,
            rounds=2,
        ),
    ),
    KnownFault(
        "refusals-that-reveal",
        "The API reveals another tenant's tasks in its refusals, and prints keys.",
        partial(break_part, part="api", changes=("api.reveal_task", "api.print_key")),
        _tenants_alarm("a refusal does not reveal whether a task exists", "no API key is logged"),
    ),
    KnownFault(
        "tenants-share-a-cache",
        "The worker adds texts of other tenants' tasks to an error.",
        partial(break_part, part="worker", changes=("tasks.keep_canaries",)),
        _tenants_alarm(
            "no log line mixes tenants",
            "no error event mixes tenants",
            "no result mixes tenants",
        ),
    ),
)
# Many rules share a name.
_NAMES = list(dict.fromkeys(rule.name for rule in RULES if not rule.pii))
_GROUPS = [_NAMES[start : start + _AT_ONCE] for start in range(0, len(_NAMES), _AT_ONCE)]

_RULES = tuple(
    KnownFault(
        f"rules-{rules[0]}-to-{rules[-1]}-away",
        f"API and worker have {len(rules)} redaction rules less.",
        partial(remove_rules, rules=rules),
        _secrets_alarm(
            "no secret is in a stored Sentry event",
            "no secret is in a log line",
            "no secret is in Redis",
        ),
    )
    for rules in _GROUPS
)
FAULTS = (*_TRACES, *_LEAKS, *_ACCESS, *_RULES)
"""The faults, grouped by subject and part."""
