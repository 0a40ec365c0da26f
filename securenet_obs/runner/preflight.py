"""Checks a target for notebooks' needs and secrets before runs: refusals, reasons to skip."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.env_file import Problem
from securenet_obs.runner.notebook.metadata import Declared
from securenet_obs.runner.notebook.needs import NEEDS
from securenet_obs.runner.notebook.parameters.secret import MOUNTED
from securenet_obs.runner.record.order import Order
from securenet_obs.runner.target import Target, refuse


@dataclass(frozen=True)
class Demand:
    """The needs of one notebook or command from a target.

    Attributes:
        name: name of the notebook or command.
        needs: needs without which it does not run.
        optional: needs of single checks.
        secrets: secret names that its parameters refer to.
        given: variables replaced by a given parameter of the same name in lower case.
    """

    name: str
    needs: Sequence[str]
    optional: Sequence[str] = ()
    secrets: Sequence[str] = ()
    given: Sequence[str] = ()

    @classmethod
    def of(cls, order: Order) -> "Demand":
        """Return the demand of an order."""
        declared = order.notebook.declared
        return cls(
            order.notebook.name,
            declared.needs,
            declared.optional_needs,
            secret_names([order]),
            [name.upper() for name, value in order.prepared.given.items() if value],
        )


def secret_names(orders: Iterable[Order]) -> list[str]:
    """Return the names of the secrets that the orders' parameters refer to."""
    return [secret.name for order in orders for secret in order.prepared.secrets]


def unserved(needs: Iterable[str], target: Target) -> str:
    """Return why the target cannot serve some of the needs at all; empty if it can serve each."""
    reasons = [
        NEEDS[name].reason
        for name in needs
        if not NEEDS[name].serves(target.environment, target.local)
    ]
    return "; ".join(dict.fromkeys(reasons))


def skip_reason(declared: Declared, target: Target) -> str:
    """Return why a notebook is skipped on the target; empty if it is run."""
    return unserved(declared.needs, target)


def preflight(demands: Iterable[Demand], target: Target, advice: str = "") -> None:
    """Refuse a target that has problems, or lacks a variable for a need that it can serve.

    Raises:
        SettingsError: the target is refused; the message names every problem and every missing
            variable, with the notebooks that need it.
    """
    refuse(target, find_problems(demands, target), advice)


def find_problems(demands: Iterable[Demand], target: Target) -> list[Problem]:
    """Return the problems of a target, and the variables that it lacks, in the order of its lines.

    A variable of a need that the target cannot serve by design is not lacking.
    """
    missing = _missing(demands, target)
    named = {problem.name for problem in missing}
    problems = [problem for problem in target.problems if problem.name not in named]
    return sorted([*problems, *missing], key=_place)


def _place(problem: Problem) -> tuple[bool, int]:
    """Return the sort key of a problem: its line; problems without a line come last."""
    return (not problem.line, problem.line)


def _missing(demands: Iterable[Demand], target: Target) -> list[Problem]:
    wanted: dict[str, dict[str, list[str]]] = {}
    for demand in demands:
        if unserved(demand.needs, target):
            continue
        for need, variable in _required(demand, target.environment, local=target.local):
            if not _is_set(variable, need, target.environment):
                wanted.setdefault(variable, {}).setdefault(demand.name, []).append(need)
    return [
        Problem(_sentence(name, needed, target), target.lines.get(name, 0), name)
        for name, needed in wanted.items()
    ]


def _required(
    demand: Demand, variables: Mapping[str, str], *, local: bool
) -> list[tuple[str, str]]:
    """Return pairs of a need and a variable; an optional need that is not served has none."""
    optional = [name for name in demand.optional if NEEDS[name].serves(variables, local)]
    pairs = [
        (need, variable)
        for need in (*demand.needs, *optional)
        for variable in NEEDS[need].required(variables)
        if variable not in demand.given
    ]
    return pairs + [(_SECRET, name) for name in demand.secrets]


_SECRET = "a parameter"  # noqa: S105 - the word in a sentence, in the place of a need


def _is_set(variable: str, need: str, variables: Mapping[str, str]) -> bool:
    if variables.get(variable, "").strip():
        return True
    if need != _SECRET:
        return False
    file = Path(variables.get(f"{variable}_FILE") or MOUNTED / variable)
    return os.access(file, os.R_OK)


def _sentence(name: str, needed: Mapping[str, Sequence[str]], target: Target) -> str:
    """Return one line: a variable, its state (missing or empty), and the notebooks that need it."""
    state = "is empty" if name in target.blank else "is missing"
    wanting = ", ".join(
        f"{notebook} ({', '.join(dict.fromkeys(needs))})" for notebook, needs in needed.items()
    )
    return f"{name} {state}; needed by {wanting}"
