"""SecureNet's side of Celery: application, tasks, beat, outbox, results and dead letters."""
