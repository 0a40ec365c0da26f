"""Runbooks by the text of an error: patterns, the index that services carry, ranked matches."""

from securenet_obs.matching.index import Entry, Index, packaged_index, parse_index, render_index
from securenet_obs.matching.pattern import Pattern, parse_pattern
from securenet_obs.matching.search import Match, Reason, find_matches, list_best

__all__ = [
    "Entry",
    "Index",
    "Match",
    "Pattern",
    "Reason",
    "find_matches",
    "list_best",
    "packaged_index",
    "parse_index",
    "parse_pattern",
    "render_index",
]
