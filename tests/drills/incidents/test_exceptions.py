"""Each exception is of incidents and runbooks that exist, and is argued."""

import pytest

from securenet_obs.drills.incidents import INCIDENTS
from securenet_obs.drills.incidents.exceptions import EXCEPTIONS, CrossException


@pytest.mark.parametrize("row", EXCEPTIONS, ids=lambda row: f"{row.incident}-{row.runbook}")
def test_an_exception_is_of_another_runbook(row: CrossException) -> None:
    """Its reason is a sentence, since a person must be able to judge it."""
    assert row.incident in INCIDENTS
    assert row.runbook in {incident.runbook for incident in INCIDENTS.values()}
    assert row.runbook != INCIDENTS[row.incident].runbook
    assert row.row
    assert row.reason.endswith(".")
    assert len(row.reason.split()) > 5
