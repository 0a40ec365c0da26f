"""Continues trained detectors through the minutes that were stored since their training.

So the judgement of a minute does not depend on how its records are divided into batches. A process
keeps each detector's state some minutes behind the newest one, and uses it only while the stored
minutes before it are those that it has judged: that saves time, and changes no judgement.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from securenet_obs.detection.anomaly.models import ModelKey, load_model, trained_at
from securenet_obs.detection.anomaly.series.detector import Judgement, SeriesDetector
from securenet_obs.store import NetworkMinute

MAX_SPAN = timedelta(days=2)
"""Time before a batch whose stored minutes are judged again; twice that once a state is kept."""

TRAIL = timedelta(minutes=10)
"""Distance of a kept state from the newest minute: more records of the latest ones may come."""

MAX_STATES = 200
"""Maximum number of states that a process keeps; one has about 150 KB."""

_MODULUS = 1_000_003


class Sums(NamedTuple):
    """Number and check sum of values; the sum of the values themselves may exceed 64 bits."""

    number: int = 0
    check: int = 0

    def plus(self, value: int) -> "Sums":
        """Return the sums with one more value."""
        return Sums(self.number + 1, self.check + value % _MODULUS)


@dataclass(frozen=True)
class State:
    """State of a detector that has judged the stored minutes after `since`, up to `through`.

    `trained_at` identifies its model: a tenant's versions may begin at 1 again in a new store.
    """

    content: bytes
    trained_at: datetime
    since: datetime
    through: datetime
    sums: Sums


class States:
    """The states that a process keeps; those that were not used for longest are dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: OrderedDict[ModelKey, State] = OrderedDict()

    def get(self, key: ModelKey) -> State | None:
        """Return the kept state of a model."""
        with self._lock:
            if key in self._states:
                self._states.move_to_end(key)
            return self._states.get(key)

    def keep(self, key: ModelKey, state: State) -> None:
        """Keep a state instead of the one before it."""
        with self._lock:
            self._states[key] = state
            self._states.move_to_end(key)
            if len(self._states) > MAX_STATES:
                self._states.popitem(last=False)


_STATES = States()


@dataclass(frozen=True)
class Continuation:
    """State of a model's detector, and the stored values of the minutes after it."""

    key: ModelKey
    state: State
    stored: Mapping[datetime, int]
    states: States = _STATES

    def find_anomalies(self, added: Mapping[datetime, int]) -> dict[datetime, Judgement]:
        """Return the judgements of a batch's minutes that are too high by its records.

        A minute's value is the stored one and that of the batch together. A minute that is an
        anomaly without the batch, too, is left out.

        Args:
            added: values of the batch's minutes; 0 of a batch that the store has already.
        """
        found = {at: one for at, one in self._judge(added) if one.anomaly and at in added}
        if found.keys() & self.stored.keys():
            before = {at for at, one in self._judge({}) if one.anomaly}
            found = {at: one for at, one in found.items() if at not in before}
        return found

    def _judge(self, added: Mapping[datetime, int]) -> Iterator[tuple[datetime, Judgement]]:
        detector = SeriesDetector.restored(orjson.loads(self.state.content))
        minutes = sorted(self.stored.keys() | added.keys())
        kept_until = minutes[-1] - TRAIL if minutes else self.state.through
        through, sums = self.state.through, self.state.sums
        for at in minutes:
            # Not the judgements without the batch, which will be in the store.
            if added and through <= kept_until < at:
                self._keep(detector, through, sums)
            value = self.stored.get(at, 0) + added.get(at, 0)
            yield at, detector.judge(at.timestamp(), float(value), rises_only=True)
            if at > self.state.through:
                through, sums = at, sums.plus(value)

    def _keep(self, detector: SeriesDetector, through: datetime, sums: Sums) -> None:
        if through > self.state.through:
            content = orjson.dumps(detector.as_json())
            kept = replace(self.state, content=content, through=through, sums=sums)
            self.states.keep(self.key, kept)


def continue_model(
    session: Session, key: ModelKey, first: datetime, last: datetime, states: States = _STATES
) -> Continuation | None:
    """Return the continuation of a model for a batch; None if the model is gone.

    Args:
        session: session of the store.
        key: the promoted version of a tenant's metric.
        first: first minute of the batch.
        last: last minute of the batch.
        states: those that this process keeps.
    """
    state = states.get(key)
    if state is None or not _is_current(session, key, state, first):
        state = _trained(session, key, first, states)
    if state is None:
        return None
    column = getattr(NetworkMinute, key.metric)
    rows = select(NetworkMinute.minute, column).where(
        NetworkMinute.tenant_id == key.tenant_id,
        NetworkMinute.minute > state.through,
        NetworkMinute.minute <= last,
    )
    stored = {row[0]: int(row[1]) for row in session.execute(rows)}
    return Continuation(key, state, stored, states)


def _trained(session: Session, key: ModelKey, first: datetime, states: States) -> State | None:
    """Return the state right after the training, and keep it."""
    model = load_model(session, key)
    if model is None:
        return None
    # Its last anomaly is of the training, which has reported none.
    model.detector.speak()
    since = max(model.last_at, first - MAX_SPAN)
    content = orjson.dumps(model.detector.as_json())
    state = State(content, model.trained_at, since, since, Sums())
    states.keep(key, state)
    return state


def _is_current(session: Session, key: ModelKey, state: State, first: datetime) -> bool:
    """Return whether a kept state is before a batch, and its minutes are those of the store."""
    if first <= state.through or first - state.since > 2 * MAX_SPAN:
        return False
    if trained_at(session, key) != state.trained_at:
        return False
    column = getattr(NetworkMinute, key.metric)
    query = select(func.count(), func.coalesce(func.sum(column % _MODULUS), 0)).where(
        NetworkMinute.tenant_id == key.tenant_id,
        NetworkMinute.minute > state.since,
        NetworkMinute.minute <= state.through,
    )
    number, check = session.execute(query).one()
    return Sums(number, int(check)) == state.sums
