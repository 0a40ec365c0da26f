"""Suggests the known names most similar to an unknown one: Did you mean X?"""

from collections.abc import Iterable
from difflib import get_close_matches

MAX_SUGGESTIONS = 3
"""Maximum number of suggested names."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names most similar to this one, best first; empty if none is similar."""
    folded = {other.casefold(): other for other in known}
    wanted = name.casefold()
    close = get_close_matches(wanted, folded, MAX_SUGGESTIONS, cutoff=0.6)
    # A part of a name has a low similarity to all of it: `sentry` of 01_sentry_receives_errors.
    parts = [other for other in folded if len(wanted) > 2 and wanted in other]
    return [folded[other] for other in dict.fromkeys([*close, *parts])][:MAX_SUGGESTIONS]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean X?` for the names most similar to this one, or an empty string."""
    names = nearest(name, known)
    return f" Did you mean {' or '.join(names)}?" if names else ""
