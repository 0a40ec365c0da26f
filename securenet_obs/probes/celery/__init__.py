"""Celery, seen from outside: broker, queues, tasks and workers."""
