"""Action on a leaked secret: rotates it, then masks or deletes its copies."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence

from securenet_obs.errors import ActionError, SecureNetObsError
from securenet_obs.oncall.actions.step import Action
from securenet_obs.oncall.copies import Copy, Source

_LISTED = 50

Search = Callable[[], Iterator[Copy]]
"""Searches the sources anew for the copies of one secret."""


def purge_secret(
    name: str,
    copies: Sequence[Copy],
    search: Search,
    sources: Collection[Source],
    rotate: Action | None,
) -> Action:
    """Return the rotation of a secret, followed by the purge of its copies.

    It is rotated first: from then on the copies are of no use, and no process writes new ones.

    Args:
        name: name of the secret.
        copies: its copies when they were read; only their places are changed.
        search: searches anew.
        sources: the sources, which remove their own remains of purged copies.
        rotate: the target's action that rotates it; None to purge the copies alone.
    """
    places = sorted({copy.where for copy in copies})
    purges = _list_purges(copies)

    def run() -> str:
        results = [rotate.run()] if rotate else []
        results.append(_purge(search, places))
        for source in sources:
            source.settle()
        return "; ".join(results)

    return Action(
        "purge_secret",
        ", then ".join([*([rotate.does] if rotate else []), f"purge {name}: {', '.join(purges)}"]),
        "; ".join(
            [*([rotate.undo] if rotate else []), "none for the copies: what is masked stays masked"]
        ),
        lambda: {**(rotate.read_state() if rotate else {}), "places": _describe(places)},
        run,
        rotate.command if rotate else "",
    )


def _list_purges(copies: Sequence[Copy]) -> list[str]:
    """Return the purge of each place; of many, the number of the rest."""
    purges = sorted({copy.purges for copy in copies})
    rest = len(purges) - _LISTED
    return [*purges[:_LISTED], *([f"the same in {rest} more places"] if rest > 0 else [])]


def _describe(places: Sequence[str]) -> str:
    """Return the number of the places, and their digest, to which a confirmation is bound."""
    digest = hashlib.sha256("\0".join(places).encode()).hexdigest()[:12]
    return f"{len(places)}, digest {digest}"


def _purge(search: Search, places: Collection[str]) -> str:
    """Purge the copies in these places; one that fails does not keep the others from it."""
    purged, problems = 0, []
    for copy in list(search()):
        if copy.where not in places:
            continue
        try:
            copy.purge()
            purged += copy.count
        except SecureNetObsError as error:
            problems.append(str(error))
    if problems:
        raise ActionError(f"{purged} copies were purged; not purged: {'; '.join(problems)}")
    return f"{purged} copies were purged"
