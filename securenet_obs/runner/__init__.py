"""Runs notebooks, and gives a verdict that can be believed; it knows only notebooks."""

from securenet_obs.runner.secret import Secret

__all__ = ["Secret"]
