"""Detection of anomalies in network logs and of vulnerable packages; uses the store, not Celery."""
