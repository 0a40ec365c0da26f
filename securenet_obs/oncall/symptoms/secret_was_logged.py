"""A secret in logs, evidence, Redis, store or Sentry: finds its copies, decides, verifies."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.leaks import purge_secret
from securenet_obs.oncall.actions.step import Action, Step
from securenet_obs.oncall.copies import (
    Copy,
    Files,
    SentryIssues,
    Skipped,
    Source,
    Spelled,
    StoreRows,
    find_evidence_files,
    find_log_copies,
    is_valid,
    open_databases,
    read_parts,
)
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.identity import find_evidence_root
from securenet_obs.oncall.session import Finding
from securenet_obs.processes.polling import poll_until
from securenet_obs.runner import Secret
from securenet_obs.settings import Settings

_ROTATED = "rotated"


class SecretWasLogged:
    """The symptom of a secret, which is searched in every place that may have a copy.

    The value is read from its reference, stays in this process, and is never shown.

    Args:
        settings: those of the target.
        leaked: reference of the secret; of `secret:API_KEYS` each tenant's key is one.
        newest_events: maximum number of error events that are searched.
        deadline_s: seconds to read them, and to wait until a rotated secret is refused.
        evidence: the evidence root; by default that of this run.

    Raises:
        SettingsError: the reference is not set, or holds no secret, or one that is too short.
    """

    def __init__(
        self,
        settings: Settings,
        leaked: Secret,
        *,
        newest_events: int = 100,
        deadline_s: float = 30.0,
        evidence: Path | None = None,
    ) -> None:
        self._settings = settings
        self._leaked = leaked
        self._deadline_s = deadline_s
        self._values = read_parts(leaked)
        self._spelled = Spelled(self._values)
        root = evidence or find_evidence_root()
        logs = Path(settings.log_source)
        self._sources: list[Source] = [
            Files(
                "log",
                partial(find_log_copies, settings.log_source),
                logs if logs.is_dir() else logs.parent,
            ),
            Files("evidence", partial(find_evidence_files, root), root),
            *open_databases(settings),
            StoreRows(),
            SentryIssues(settings, newest_events, deadline_s),
        ]
        self._copies: list[Copy] = []
        self._skipped: list[Skipped] = []

    def look(self) -> pd.DataFrame:
        """Search every place.

        Returns:
            A row for each secret and place: `secret`, `place`, number of `copies`, `since`.
        """
        self._copies, self._skipped = self._search()
        rows = [(copy.secret, copy.where, copy.count, copy.since) for copy in self._copies]
        return pd.DataFrame(rows, columns=["secret", "place", "copies", "since"])

    def skipped(self) -> pd.DataFrame:
        """Return the places that were not searched: `place`, `reason`; `look` comes first."""
        rows = [(row.where, row.reason) for row in self._skipped]
        return pd.DataFrame(rows, columns=["place", "reason"])

    def waiting_tasks(self) -> list[str]:
        """Return the places of tasks that wait or run with the secret; `look` comes first."""
        return [copy.where for copy in self._copies if copy.holds_task]

    def decide(self) -> list[Row]:
        """Return the decision table; `look` comes first."""
        return [row for name in self._spelled.names for row in self._decide_on(name)]

    def _decide_on(self, name: str) -> Iterator[Row]:
        copies = [copy for copy in self._copies if copy.secret == name]
        rotate = self._rotate(name)
        yield Row(
            f"{name} was logged",
            bool(copies),
            f"{_describe(copies)}; it is {self._describe_validity(name)}",
            purge_secret(
                name,
                copies,
                partial(self._search_for, name),
                self._sources,
                rotate if isinstance(rotate, Action) else None,
            ),
        )
        if not isinstance(rotate, Action):
            yield Row(
                f"{name} must be rotated by a person",
                bool(copies),
                f"it has {len(copies)} copies; {rotate.reason}",
                rotate,
            )

    def _rotate(self, name: str) -> Step:
        owner = name.removeprefix(f"{self._leaked.name} of ")
        return named_action(
            self._settings,
            "rotate_secret",
            f"rotate {name}",
            lambda: {name: self._describe_validity(name)},
            variable=self._leaked.name,
            owner=owner if owner != name else "all",
        )

    def verify_gone(self) -> Finding:
        """Verify that no place has a copy of a secret that had one."""
        names = {copy.secret for copy in self._copies}
        before = sum(copy.count for copy in self._copies)
        copies, skipped = self._search()
        left = [copy for copy in copies if copy.secret in names]
        places = ", ".join(copy.where for copy in left) or "none"
        return Finding(
            not left,
            "no copy in any place",
            f"before: {before} copies; now: {sum(copy.count for copy in left)}, in {places}; "
            f"{len(skipped)} places were not searched",
        )

    def verify_rotated(self) -> Finding:
        """Verify that the target refuses the value of each secret that had copies."""
        names = sorted({copy.secret for copy in self._copies})
        states = poll_until(
            lambda: [self._describe_validity(name) for name in names],
            lambda states: set(states) <= {_ROTATED},
            deadline_s=self._deadline_s,
        )
        observed = ", ".join(map(" is ".join, zip(names, states, strict=True)))
        return Finding(set(states) <= {_ROTATED}, "each is refused or replaced", observed)

    def _describe_validity(self, name: str) -> str:
        valid = is_valid(self._leaked, name, self._values[name])
        if valid is None:
            return f"unchanged where {self._leaked} is read"
        return "still valid" if valid else _ROTATED

    def _search_for(self, name: str) -> Iterator[Copy]:
        return (copy for copy in self._search()[0] if copy.secret == name)

    def _search(self) -> tuple[list[Copy], list[Skipped]]:
        found = [each for source in self._sources for each in source.search(self._spelled)]
        copies = [each for each in found if isinstance(each, Copy)]
        return copies, [each for each in found if isinstance(each, Skipped)]


def _describe(copies: Sequence[Copy]) -> str:
    """Return the number of copies and places, and the time of the first copy."""
    known = [copy.since for copy in copies if copy.since[:1].isdigit()]
    since = min(known, default="an unknown time")
    count = sum(copy.count for copy in copies)
    return f"{count} copies in {len(copies)} places, since {since}" if copies else "no copy"
