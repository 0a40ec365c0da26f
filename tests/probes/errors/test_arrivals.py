import pytest

from securenet_obs.errors import NotFoundError, UnreachableError
from securenet_obs.probes import (
    generate_canary,
    generate_secret,
    read_back_events,
    tabulate_arrivals,
)
from securenet_obs.probes.errors.events import ErrorEvent, Frame

FRAME = Frame(function="fail", module=None, filename=None, lineno=1, in_app=True, vars=None)
EVENT = ErrorEvent("a" * 32, "Boom", "local", "r@1", {"tenant_id": "acme"}, [FRAME], {})


class Shelf:
    """A backend that holds one event, and may be away: no real one can be both on demand."""

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


def test_what_is_missing_does_not_hide_what_arrived() -> None:
    """An error that nothing captured, or that did not arrive, is a row like the others."""
    arrivals = read_back_events(
        Shelf(), [("API", EVENT.event_id), ("task", None), ("x", "b" * 32)], 1
    )
    assert [arrival.event for arrival in arrivals] == [EVENT, None, None]
    table = tabulate_arrivals(arrivals)
    assert table["arrived"].tolist() == [True, False, False]
    assert table.loc[0, "innermost frame"] == "fail"
    assert table.loc[0, "tenant"] == "acme"


def test_a_backend_that_is_away_is_not_an_event_that_is_missing() -> None:
    """Nothing can be said of events while nobody answers."""
    with pytest.raises(UnreachableError):
        read_back_events(Shelf(away=True), [("API", EVENT.event_id)], 1)


def test_markers_are_used_once() -> None:
    """No canary is found that another run has left."""
    assert (
        len({generate_canary() for _ in range(100)} | {generate_secret() for _ in range(100)})
        == 200
    )
