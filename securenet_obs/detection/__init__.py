"""Network logs by minute, their anomalies, and vulnerable packages; uses the store, not Celery."""
