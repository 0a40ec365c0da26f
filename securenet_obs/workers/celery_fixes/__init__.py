"""Corrections of Celery and kombu, each with its measured benefit and condition for removal."""
