"""The subject of a timeline is a request, a tenant, or both; other ids are refused."""

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.oncall.timeline.subject import parse_subject


@pytest.mark.parametrize(
    ("request_id", "tenant_id"),
    [("short", ""), ("../../etc/passwd", ""), ("", "Acme"), ("", "a/b")],
)
def test_an_id_that_is_not_one_is_refused(request_id: str, tenant_id: str) -> None:
    """It would find nothing, or name a file elsewhere."""
    with pytest.raises(SettingsError, match="is not an id of a"):
        parse_subject(request_id, tenant_id, 1)


def test_no_id_is_a_subject_without_entries() -> None:
    """The runbook says so."""
    assert parse_subject("", "", 1).name == "no request and no tenant"
    assert parse_subject("", "acme", 1).name == "tenant acme"
    both = parse_subject("request-1", "acme", 2)
    assert both.name == "request request-1 of tenant acme"
    assert (both.until - both.since).total_seconds() == 7200
