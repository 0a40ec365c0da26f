"""Affected ranges of OSV: events to intervals, and whether a version is in one of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from securenet_obs.detection.vulnerabilities.versions import Key, key_of

# At one version a fix ends an interval before another one starts; `last_affected` ends it after.
_ORDER = {"fixed": 0, "introduced": 1, "last_affected": 2}


class Interval(NamedTuple):
    """Affected versions from `start` (None: the first) to `end` (None: unbounded).

    `family` is the ecosystem whose order of versions counts, `SEMVER` for ranges of that type.
    """

    family: str
    start: str | None
    end: str | None
    includes_end: bool

    def contains(self, key: Key) -> bool:
        """Return whether the version with this key, of the same family, is affected."""
        if self.start is not None and key < key_of(self.family, self.start):
            return False
        if self.end is None:
            return True
        end = key_of(self.family, self.end)
        return bool(key < end or (self.includes_end and not end < key))


def end_of(intervals: Iterable[Interval], family: str, key: Key) -> str | None:
    """Return the end of an interval of a family that contains a version; None without an end.

    Every version between the two is affected.
    """
    ends = (one.end for one in intervals if one.family == family and one.contains(key))
    return next((end for end in ends if end is not None), None)


def intervals_of(family: str, events: Iterable[Mapping[str, Any]]) -> Iterator[Interval]:
    """Yield the intervals of a range, whatever the order of its events.

    `limit` bounds a range as `fixed` does; of several limits the last one counts.
    https://ossf.github.io/osv-schema/#evaluation

    Raises:
        VersionError: an event's version is not valid in the ecosystem.
    """
    start: str | None = None
    is_open = False
    for kind, version in _sorted_events(family, events):
        if kind == "introduced":
            start, is_open = (start, True) if is_open else (version, True)
        elif is_open:
            yield Interval(family, start, version, kind == "last_affected")
            is_open = False
    if is_open:
        yield Interval(family, start, None, False)


def _sorted_events(
    family: str, events: Iterable[Mapping[str, Any]]
) -> list[tuple[str, str | None]]:
    """Return kinds and versions in order; None is the version before all others, OSV's `0`."""
    pairs = [(kind, str(version)) for event in events for kind, version in event.items()]
    first = [(kind, None) for kind, text in pairs if text == "0" and kind == "introduced"]
    later = [(kind, text) for kind, text in pairs if kind in _ORDER and (kind, text) not in _FIRST]
    limits = [text for kind, text in pairs if kind == "limit" and text != "*"]
    if limits:
        later.append(("fixed", max(limits, key=lambda text: key_of(family, text))))
    later.sort(key=lambda pair: (key_of(family, pair[1]), _ORDER[pair[0]]))
    return [*first[:1], *later]


_FIRST = {("introduced", "0")}
