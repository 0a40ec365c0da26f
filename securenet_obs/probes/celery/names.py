"""Names of queues and Redis keys, defined again since probes share no code with their users."""

DIRECT_PREFIX = "direct."
"""First part of the name of a worker's direct queue; the worker's name follows."""

TICK_KEY = "securenet:beat:tick"
"""Unix seconds of beat's last tick, in the result database."""

ENTRIES_KEY = "securenet:beat:entries"
"""Hash in the result database: name of beat's entry -> its times as JSON."""

RESULT_PREFIX = "celery-task-meta-"
"""Celery's key of a task's result, followed by the task's id."""

OWNER_PREFIX = "securenet:owner:"
"""Key in the result database, followed by a task's id: its tenant."""

EVENT_PREFIX = "securenet:event:"
"""Key in the result database, followed by a task's id: the Sentry event of its error."""

UNACKED_KEY = "unacked"
"""kombu's hash of the messages that workers hold."""

STARTS_PREFIX = "securenet:starts:"
"""Key in the result database, followed by a task's id: its unfinished starts after the first."""

SENT_KEY = "securenet:beat:sent"
"""Hash in the result database: name of beat's entry -> unix seconds of its last sending."""

WINDOW_HEADER = "securenet_window"
"""Header of a task that belongs to a schedule: the slot, such as `2026-11-26T18:00Z`."""
