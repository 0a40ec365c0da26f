"""A Redis that refuses writes: names the cause, decides, verifies by a write and a canary."""

from collections.abc import Callable, Mapping

import pandas as pd

from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.redis import (
    format_cli,
    grant_writes,
    promote_replica,
    retry_save,
)
from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.oncall.symptoms.worker_is_gone import WorkerIsGone
from securenet_obs.probes.celery.write_refusals import (
    WriteState,
    find_sentinels,
    read_user,
    try_writes,
)
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

_REPLICA = ("READONLY", "MASTERDOWN")
_NAMED = (*_REPLICA, "MISCONF", "NOPERM", "LOADING", "OOM", "NOREPLICAS")


class RedisRefusesWrites:
    """The symptom of the broker's and the results' servers.

    Every method raises UnreachableError or ForbiddenError, as the probes do.

    Args:
        settings: those of the target.
        deadline_s: seconds to wait for a write, and for a canary of each worker.
    """

    def __init__(self, settings: Settings, *, deadline_s: float = 30.0) -> None:
        self._settings = settings
        self._deadline_s = deadline_s
        self._before: list[WriteState] = []

    def look(self) -> pd.DataFrame:
        """Write a canary to both databases.

        Returns:
            A row for each: `database`, `server`, `write` (`OK`, or Redis's answer), `state`.
        """
        self._before = try_writes(self._settings)
        rows = [
            (row.database, row.server, f"{row.code} {row.answer}".strip(), row.describe())
            for row in self._before
        ]
        return pd.DataFrame(rows, columns=["database", "server", "write", "state"])

    def managers(self) -> list[str]:
        """Return the parts that select the master: a cluster, or Sentinels that are connected."""
        found = [f"cluster of {row.server}" for row in self._before if row.is_managed]
        for row in self._find_servers():
            found += find_sentinels(row.url, row.variable)
        return sorted({*found})

    def decide(self) -> list[Row]:
        """Return the decision table, the same rows for each server; `look` comes first."""
        return [row for state in self._find_servers() for row in self._decide_on(state)]

    def verify_writes(self) -> Finding:
        """Verify that both databases accept a write."""
        after = poll_until(
            lambda: try_writes(self._settings),
            lambda states: not any(state.code for state in states),
            deadline_s=self._deadline_s,
        )
        return Finding(
            not any(state.code for state in after),
            "broker OK, results OK",
            f"before: {_summarise(self._before)}; after: {_summarise(after)}",
        )

    def verify_canaries(self) -> Finding:
        """Verify that every known worker is connected again, and executes a canary."""
        return WorkerIsGone(self._settings, deadline_s=self._deadline_s).verify_canaries()

    def _find_servers(self) -> list[WriteState]:
        """Return one state for each server: that of a refusal, if there is one."""
        ordered = sorted(self._before, key=lambda state: bool(state.code))
        return [*{state.server: state for state in ordered}.values()]

    def _decide_on(self, state: WriteState) -> list[Row]:
        code, server = state.code, state.server
        why = f"{state.answer}; {state.describe()}" if code else "it accepts a write"
        cases: Mapping[str, tuple[bool, Callable[[], Step]]] = {
            f"{server} is a replica without its master (READONLY)": (
                code in _REPLICA and not state.has_living_master,
                lambda: promote_replica(state.url, state.variable, state.master),
            ),
            f"{server} is a replica, its master is connected (READONLY)": (
                code in _REPLICA and state.has_living_master,
                lambda: self._repoint(state),
            ),
            f"{server} cannot save its data (MISCONF)": (
                code == "MISCONF",
                lambda: retry_save(state.url, state.variable),
            ),
            f"the user of {server} may not write (NOPERM)": (
                code == "NOPERM",
                lambda: self._grant(state),
            ),
            f"{server} loads its data (LOADING)": (
                code == "LOADING",
                lambda: Manual(
                    f"wait until {server} has loaded its data", "securenet-obs probe redis"
                ),
            ),
            f"the memory of {server} is full (OOM)": (
                code == "OOM",
                lambda: Manual("find what fills the memory", "securenet-obs run redis_is_full"),
            ),
            f"{server} has too few replicas (NOREPLICAS)": (
                code == "NOREPLICAS",
                lambda: Manual(
                    "start the replicas, or require none",
                    format_cli(state.variable, "CONFIG SET min-replicas-to-write 0"),
                ),
            ),
            f"{server} refuses for another cause": (
                bool(code) and code not in _NAMED,
                lambda: Manual(
                    "read the state of the server, and call its owner",
                    format_cli(state.variable, "INFO"),
                ),
            ),
        }
        return [
            Row(
                finding,
                applies,
                why if applies or not code else f"the code is {code}",
                make_step() if applies else None,
            )
            for finding, (applies, make_step) in cases.items()
        ]

    def _repoint(self, state: WriteState) -> Step:
        host, _, port = state.master.rpartition(":")
        return named_action(
            self._settings,
            "repoint_redis",
            f"point {state.variable} of every process at the master {state.master}",
            lambda: {"master": state.master},
            host=host,
            port=port,
        )

    def _grant(self, state: WriteState) -> Step:
        """Return the grant, or its command if this user may not grant, or lacks keys."""
        user, may_grant = read_user(state.url, state.variable)
        lacks_keys = " key" in state.answer
        if may_grant and not lacks_keys:
            return grant_writes(state.url, state.variable, user)
        rule = "'~*'" if lacks_keys else "+@write"
        return Manual(
            f"grant {user} of {state.server} the right, as an administrator",
            format_cli(state.variable, f"ACL SETUSER {user} {rule}"),
            "this user may not grant it" if not may_grant else "keys are for a person to grant",
        )


def _summarise(states: list[WriteState]) -> str:
    return ", ".join(f"{state.database} {state.code or 'OK'}" for state in states)
