"""Stored waivers."""

from datetime import date

import pytest

from securenet_obs.detection.vulnerabilities.stored.waivers import load_waivers, store_waivers
from securenet_obs.detection.vulnerabilities.waivers import Waiver
from securenet_obs.store import session_scope

EARLY = Waiver("A-1", "", "first", date(2026, 1, 1))
LATE = Waiver("A-1", "", "second", date(2027, 1, 1))
OTHER = Waiver("A-1", "left-pad", "third", date(2026, 6, 1))


@pytest.mark.usefixtures("empty_store")
def test_waivers_replace_those_of_before() -> None:
    """Of two for the same package and vulnerability, the one that expires last is stored."""
    for waivers, expected in (([LATE, OTHER, EARLY], [OTHER, LATE]), ([EARLY], [EARLY]), ([], [])):
        with session_scope() as session:
            assert store_waivers(session, "acme", waivers) == len(expected)
        with session_scope() as session:
            assert load_waivers(session, "acme") == expected
            assert load_waivers(session, "other") == []
