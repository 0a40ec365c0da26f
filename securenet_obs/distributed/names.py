"""Names of the tasks and the Redis keys of distributed validations; imports nothing."""

RUN = "securenet_obs.distributed.worker.tasks.run_notebook"
"""Task that runs one notebook."""

DISPATCH = "securenet_obs.distributed.worker.tasks.dispatch_validations"
"""Task that beat sends: it sends a run of every validation."""

COMMAND_TIME = "%Y%m%dT%H%M%SZ"
"""Format of the time at the beginning of the id of a command."""

EVENTS_KEY = "securenet:validation:events:{command}"
"""Stream of the events of a command's runs, each as JSON in the field `event`."""

ATTEMPTS_KEY = "securenet:validation:attempts:{run}"
"""Number of starts of a run."""

CANCELLED_KEY = "securenet:validation:cancelled:{command}"
"""Exists once a command was interrupted."""

LOCK_KEY = "securenet:validation:lock:{target}"
"""Sorted set: holders of a target, by the server's time at which each expires."""

WORKER_KEY = "securenet:validation:worker:{name}"
"""A validation worker as JSON; it expires unless the worker renews it."""

WRITTEN_KEY = "securenet:validation:written"
"""Written to find out whether Redis takes writes; it expires at once."""

SLOT_KEY = "securenet:validation:slot"
"""Latest slot of the schedule whose runs were sent, as RFC 3339."""

SCHEDULE_KEY = "securenet:validation:schedule"
"""Crontab by which the runs of that slot were sent."""

CLOSING_KEY = "securenet:validation:closing:{command}"
"""Lock of the process that closes a command's evidence."""

STANDINGS_KEY = "securenet:validation:standings"
"""Standings of notebooks as JSON: the verdicts that were notified last."""

STANDINGS_LOCK_KEY = "securenet:validation:standings-lock"
"""Lock of the process that advances them."""

LOG_SCHEMA_KEY = "securenet:validation:log-schema:{target}:{notebook}"
"""Log schema of the last green run of a notebook on a target, as JSON."""

RETENTION_S = 24 * 3600
"""Seconds for which the keys of a command or a run are kept."""
