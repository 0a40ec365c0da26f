"""Corrections of Celery and kombu: each states what it buys, measured, and when it can go."""
