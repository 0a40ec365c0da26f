"""Runs notebooks against a target, judges the runs, writes evidence; exports `Secret`."""

from securenet_obs.runner.notebook.parameters.secret import Secret

__all__ = ["Secret"]
