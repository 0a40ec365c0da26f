"""Chooses the runbooks of an alert: the one that it names, else the best matches of its text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from securenet_obs.matching import Index, find_matches, list_best
from securenet_obs.oncall.dossiers.queue import WaitingAlert
from securenet_obs.runner.notebook.catalog import Notebook

_VALUE = re.compile(r"[A-Za-z0-9._:@-]{1,100}")
_UNBOUND = frozenset({"confirm", "i_am"})


@dataclass(frozen=True)
class Choice:
    """The runbooks of an alert: several are a tie, none is no match; with the reasons in words."""

    runbooks: tuple[str, ...]
    why: tuple[str, ...]


def choose(index: Index, alert: WaitingAlert) -> Choice:
    """Return the runbooks of an alert."""
    notes = []
    if alert.runbook in index.entries:
        return Choice((alert.runbook,), ("the alert names it",))
    if alert.runbook:
        notes.append(f"the alert names {alert.runbook!r}, which is not a runbook here")
    best = list_best(find_matches(index, f"{alert.text}\n{alert.title}"))
    reasons = [f"{match.entry.name}: {match.reasons[0].sentence}" for match in best]
    return Choice(tuple(match.entry.name for match in best), (*notes, *reasons))


def choose_parameters(notebook: Notebook, facts: Mapping[str, str]) -> tuple[str, ...]:
    """Return assignments of text parameters that labels of the alert name, such as `queue`."""
    texts = {row.name for row in notebook.schema.parameters if isinstance(row.default, str)}
    return tuple(
        f"{name}={value}"
        for name, value in sorted(facts.items())
        if name in texts - _UNBOUND and _VALUE.fullmatch(value)
    )
