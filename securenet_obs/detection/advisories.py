"""A few public advisories of PyPI packages (PyPA Advisory Database), and an example inventory.

Facts alone, so that a newcomer's scan finds something; a deployment loads its own advisories.
"""

from typing import Any

# Advisory, package, then introduced and fixed versions in pairs.
_FACTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("PYSEC-2018-49", "pyyaml", ("0", "5.1")),
    ("PYSEC-2019-140", "werkzeug", ("0", "0.15.3")),
    ("PYSEC-2021-66", "jinja2", ("0", "2.11.3")),
    ("PYSEC-2023-57", "werkzeug", ("0", "2.2.3")),
    ("PYSEC-2023-58", "werkzeug", ("0", "2.2.3")),
    ("PYSEC-2023-74", "requests", ("2.3.0", "2.31.0")),
    ("PYSEC-2023-192", "urllib3", ("2.0.0", "2.0.6", "0", "1.26.17")),
)


def _advisory(advisory_id: str, package: str, versions: tuple[str, ...]) -> dict[str, Any]:
    kinds = ("introduced", "fixed")
    events = [{kinds[position % 2]: version} for position, version in enumerate(versions)]
    return {
        "id": advisory_id,
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
    }


ADVISORIES: tuple[dict[str, Any], ...] = tuple(_advisory(*facts) for facts in _FACTS)
"""Advisories in the shape of OSV."""

EXAMPLE_INVENTORY: tuple[tuple[str, str], ...] = (
    ("Jinja2", "3.1.6"),
    ("PyYAML", "5.3.1"),
    ("requests", "2.30.0"),
    ("urllib3", "1.26.18"),
    ("Werkzeug", "2.2.2"),
)
"""Packages and versions of a tenant that never told of its own; three advisories name two."""
