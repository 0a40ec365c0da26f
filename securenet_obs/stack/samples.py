"""Stores sample advisories and a sample package inventory for the tenants of a local stack.

The advisories are a few public ones on PyPI packages, from the PyPA Advisory Database.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.components import Component, Inventory
from securenet_obs.detection.vulnerabilities.ecosystems import package_of
from securenet_obs.detection.vulnerabilities.stored.advisories import sync_advisories
from securenet_obs.detection.vulnerabilities.stored.inventories import store_inventory
from securenet_obs.store import session_at

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


def _build_advisory(advisory_id: str, package: str, versions: tuple[str, ...]) -> dict[str, Any]:
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


ADVISORIES: tuple[dict[str, Any], ...] = tuple(_build_advisory(*facts) for facts in _FACTS)
"""Advisories in OSV format."""

INVENTORY: tuple[tuple[str, str], ...] = (
    ("Jinja2", "3.1.6"),
    ("PyYAML", "5.3.1"),
    ("requests", "2.30.0"),
    ("urllib3", "1.26.18"),
    ("Werkzeug", "2.2.2"),
)
"""Packages and their versions; three advisories affect two of them."""


def store_samples(url: str, tenants: Iterable[str]) -> None:
    """Store the advisories, and the inventory for each tenant, in the store at `url`."""
    records = (Source(str(advisory["id"]), advisory) for advisory in ADVISORIES)
    sync_advisories("samples", records, scope=partial(session_at, url))
    components = [
        Component(package_of("PyPI", package), package, version, "samples")
        for package, version in INVENTORY
    ]
    with session_at(url) as session:
        for tenant_id in tenants:
            store_inventory(session, tenant_id, Inventory(components), "samples")
