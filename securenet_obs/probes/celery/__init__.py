"""Celery, seen from outside: sends tasks; reads broker, queues, results, workers and beat."""
