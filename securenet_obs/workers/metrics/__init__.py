"""Metrics of the workers' deployment: counts of tasks; state of queues, beat, store and runs."""
