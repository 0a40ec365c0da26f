import pytest

from securenet_obs.errors import NotFoundError, UnreachableError
from securenet_obs.probes import read_back_events, tabulate_arrivals
from securenet_obs.probes.errors.events import ErrorEvent, Frame

FRAME = Frame(function="fail", module=None, filename=None, lineno=1, in_app=True, vars=None)
PAGE = "http://sentry.example/events/1/"
EVENT = ErrorEvent("a" * 32, "Boom", "local", "r@1", {"tenant_id": "acme"}, [FRAME], {}, PAGE)


class Shelf:
    """A backend with one event, which may be unreachable: no real one is both on demand."""

    stored_kinds = frozenset({"errors"})

    def __init__(self, away: bool = False) -> None:
        self.away = away

    def find(self, event_id: str, deadline_s: float, *, kind: str = "errors") -> ErrorEvent:
        """Return the event."""
        if self.away:
            raise UnreachableError("away")
        if event_id != EVENT.event_id:
            raise NotFoundError(f"no {event_id!r}")
        return EVENT


def test_missing_events_do_not_hide_others() -> None:
    """An error without an event is a row like the others."""
    arrivals = read_back_events(
        Shelf(), [("API", EVENT.event_id), ("task", None), ("x", "b" * 32)], 1
    )
    assert [arrival.event for arrival in arrivals] == [EVENT, None, None]
    assert [arrival.url for arrival in arrivals] == [PAGE, "", ""]
    table = tabulate_arrivals(arrivals)
    assert table["arrived"].tolist() == [True, False, False]
    assert table.loc[0, "innermost frame"] == "fail"
    assert table.loc[0, "tenant"] == "acme"
    assert table.loc[0, "event"] == PAGE


def test_unreachable_backend_is_not_a_missing_event() -> None:
    """Without an answer, the arrival of events is unknown."""
    with pytest.raises(UnreachableError):
        read_back_events(Shelf(away=True), [("API", EVENT.event_id)], 1)
