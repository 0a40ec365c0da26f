"""Runs notebooks and gives trustworthy verdicts; independent of Sentry, Celery and Redis."""

from securenet_obs.runner.notebook.parameters.secret import Secret

__all__ = ["Secret"]
