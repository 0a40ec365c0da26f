"""Windows of maintenance end by themselves, or on request."""

import pytest

from securenet_obs.api.alerts.maintenance import end_windows, list_open_windows, open_window
from securenet_obs.store import session_scope


@pytest.mark.usefixtures("empty_store")
def test_a_window_ends_by_itself() -> None:
    with session_scope() as session:
        open_window(session, -1, "over")
        open_window(session, 3600, "x" * 999)
        (window,) = list_open_windows(session)
        assert len(window.reason) == 200
        assert end_windows(session) == 1
        assert list_open_windows(session) == []
        assert end_windows(session) == 0
