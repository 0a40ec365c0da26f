"""Celery in SecureNet: application, tasks, beat, outbox, retention, results, dead letters."""
