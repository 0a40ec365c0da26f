"""Names of queues and Redis keys that workers share with the stack and drills; imports nothing."""

QUEUES = ("default", "scans", "models", "logs", "canary")
"""Queues that workers consume."""

VALIDATION_QUEUE = "validation"
"""Queue of distributed validations, in a database of its own, for their workers alone."""

DIRECT_PREFIX = "direct."
"""First part of the name of a worker's direct queue; the worker's name follows."""

TICK_KEY = "securenet:beat:tick"
"""Unix seconds of beat's last tick, a float as text, in the result database."""

RESULT_PREFIX = "celery-task-meta-"
"""Celery's key of a task's result, followed by the task's id."""

UNACKED_KEY = "unacked"
"""kombu's hash of the messages that workers hold: delivery tag -> message, exchange and queue."""

UNACKED_INDEX_KEY = "unacked_index"
"""kombu's sorted set of the same delivery tags, by the time of delivery."""

LEDGER_SENT_KEY = "securenet:ledger:sent"
"""Stream in the broker's database: id, name and queue of each sent task."""

LEDGER_ENDED_KEY = "securenet:ledger:ended"
"""Stream in the result database: id and state of each ended task."""

LEASES_KEY = "securenet:leases"
"""Sorted set in the broker's database: running workers, by the server's time of their last sign."""

HELD_KEY = "securenet:held"
"""Hash in the broker's database: delivery tag of a held message -> the worker that holds it."""
