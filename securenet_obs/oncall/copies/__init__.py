"""Copies of a leaked secret: finds, masks or deletes them in files, Redis, store and Sentry."""

from securenet_obs.oncall.copies.copy import Copy, Skipped, Source
from securenet_obs.oncall.copies.files import Files, find_evidence_files, find_log_copies
from securenet_obs.oncall.copies.parts import read_parts
from securenet_obs.oncall.copies.redis_keys import RedisKeys, open_databases
from securenet_obs.oncall.copies.sentry_issues import SentryIssues
from securenet_obs.oncall.copies.spelled import Spelled
from securenet_obs.oncall.copies.store_rows import StoreRows
from securenet_obs.oncall.copies.validity import is_valid

__all__ = [
    "Copy",
    "Files",
    "RedisKeys",
    "SentryIssues",
    "Skipped",
    "Source",
    "Spelled",
    "StoreRows",
    "find_evidence_files",
    "find_log_copies",
    "is_valid",
    "open_databases",
    "read_parts",
]
