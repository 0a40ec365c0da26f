"""Corrections of Celery and kombu: each can go when a release of theirs does the same."""
