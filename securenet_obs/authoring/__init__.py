"""Authoring of notebooks: rules that each of them keeps, drafts of new ones, record of outputs."""

from securenet_obs.authoring.drafts import Draft, write_draft
from securenet_obs.authoring.finding import Finding
from securenet_obs.authoring.lint import RULES, find_files, lint_file, lint_files

__all__ = ["RULES", "Draft", "Finding", "find_files", "lint_file", "lint_files", "write_draft"]
