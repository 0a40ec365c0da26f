"""The parameters of a notebook: parses `name=value` texts into values; reports every problem."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from securenet_obs.errors import ParametersError
from securenet_obs.redaction import redact_text
from securenet_obs.runner.notebook.parameters.defaults import REQUIRED
from securenet_obs.runner.notebook.parameters.parameter import Parameter
from securenet_obs.runner.notebook.parameters.refusals import explained, for_instance, repeated
from securenet_obs.suggestions import did_you_mean


@dataclass(frozen=True)
class Schema:
    """The parameters of one notebook, in the order of its `parameters` cell, if it has one."""

    parameters: tuple[Parameter, ...] = ()
    has_cell: bool = True

    def parse(self, assignments: Iterable[str]) -> dict[str, Any]:
        """Return the typed values of `name=value` assignments; all times are of one moment.

        Raises:
            ParametersError: unknown names, wrong types, values out of range, a value instead of a
                secret's reference, a name given twice, missing required ones; the message names
                every problem.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        given, problems = _by_name(assignments, known)
        values: dict[str, Any] = {}
        now = datetime.now(UTC)
        for name, (text, *others) in given.items():
            if name not in known:
                problems.append(f"{redact_text(name)}: {self._unknown(name)}")
            elif others:
                problems.append(f"{name}: {repeated(known[name], [text, *others])}")
            else:
                try:
                    values[name] = known[name].parse(text, now)
                except ValidationError as error:
                    problems.append(f"{name}: {explained(known[name], text, error)}")
        problems += [
            f"{name}: required, and not given{for_instance(parameter)}"
            for name, parameter in known.items()
            if parameter.default is REQUIRED and name not in given
        ]
        if problems:
            raise ParametersError("\n".join(problems))
        return values

    def _unknown(self, name: str) -> str:
        if not self.has_cell:
            return "unknown; this notebook has no cell with the tag `parameters`"
        known = [row.name for row in self.parameters]
        return f"unknown.{did_you_mean(name, known)} This notebook has {', '.join(known) or 'none'}"

    def effective(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter's value: the given one, else its default."""
        return {row.name: given.get(row.name, row.default) for row in self.parameters}


def _by_name(
    assignments: Iterable[str], known: Mapping[str, Parameter]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the texts assigned to each name, and the problems of the other assignments."""
    given: dict[str, list[str]] = {}
    problems = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            problems.append(f"{redact_text(assignment)!r} is not name=value; {_instance(known)}")
        elif not name.strip():
            problems.append(f"there is no name before the = of a value; {_instance(known)}")
        else:
            given.setdefault(name.strip(), []).append(text)
    return given, problems


def _instance(known: Mapping[str, Parameter]) -> str:
    first = next(iter(known.values()), None)
    return "this notebook has none" if first is None else for_instance(first).removeprefix("; ")
