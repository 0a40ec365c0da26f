"""Corrections of Celery and kombu, each with its measured benefit and its condition to go."""
