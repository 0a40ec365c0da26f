"""The ledger: tasks that were sent are done, somewhere in Redis, or missing; no pandas."""
