"""Catalogue of the faults: those with a validation that notices them, the drills, the incidents."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from securenet_obs.drills.catalog import DRILLS
from securenet_obs.drills.doubt.known import (
    broker,
    detection,
    errors,
    flow,
    ledger,
    lines,
    schedule,
    tasks,
)
from securenet_obs.drills.doubt.known_fault import KnownFault
from securenet_obs.drills.drill import Drill
from securenet_obs.drills.incidents import INCIDENTS
from securenet_obs.errors import StackError
from securenet_obs.stack.local_stack import LocalStack

_SUBJECTS: tuple[Any, ...] = (errors, lines, tasks, flow, broker, schedule, detection, ledger)


@contextmanager
def _hold(stack: LocalStack, drill: Drill) -> Iterator[None]:
    if reason := drill.skip_reason():
        raise StackError(reason)
    with drill.setup(stack) as place, drill.fault(place):
        yield


KNOWN_FAULTS: Mapping[str, KnownFault] = {
    fault.name: fault for subject in _SUBJECTS for fault in subject.FAULTS
}
"""Name -> fault with the validations that must notice it, in the order of execution."""

FAULTS: Mapping[str, KnownFault] = {
    **KNOWN_FAULTS,
    **{
        drill.name: KnownFault(drill.name, drill.description, partial(_hold, drill=drill))
        for drill in DRILLS.values()
    },
    **{
        incident.name: KnownFault(incident.name, incident.description, incident.fault)
        for incident in INCIDENTS.values()
    },
}
"""Name -> every fault of a local stack: drills and runbooks prove themselves by theirs."""
