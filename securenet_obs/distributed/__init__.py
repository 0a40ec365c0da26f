"""Distributed validations: caller, queue, worker, shared evidence, locks, schedule, missed runs."""
