"""Encodes index entries as JSON text for the store, and decodes them."""

import hashlib

import orjson

from securenet_obs.detection.vulnerabilities.advisories.entries import Entry
from securenet_obs.detection.vulnerabilities.advisories.ranges import Interval
from securenet_obs.detection.vulnerabilities.components import Package
from securenet_obs.detection.vulnerabilities.severity import Severity


def encode_entry(entry: Entry) -> str:
    """Return an entry as JSON, without its package and known versions."""
    severity = entry.severity
    fields = (
        entry.advisory_id,
        entry.aliases,
        (severity.level, severity.score, severity.vector),
        entry.summary,
        entry.modified,
        [tuple(interval) for interval in entry.intervals],
        entry.listed,
        entry.unjudged,
    )
    return orjson.dumps(fields).decode()


def decode_entry(package: Package, text: str) -> Entry:
    """Return the entry of a package that `encode_entry` made."""
    advisory_id, aliases, severity, summary, modified, intervals, listed, unjudged = orjson.loads(
        text
    )
    return Entry(
        advisory_id=advisory_id,
        aliases=tuple(aliases),
        package=package,
        severity=Severity(*severity),
        summary=summary,
        modified=modified,
        intervals=[Interval(*interval) for interval in intervals],
        listed=listed,
        unjudged=unjudged,
    )


def digest_entry(encoded: str, known: str) -> str:
    """Return the digest of an encoded entry and its known versions: 32 hexadecimal digits."""
    return hashlib.blake2b(f"{encoded}\n{known}".encode(), digest_size=16).hexdigest()
