"""One diagnosis: a subject, its state, the observation, and the command that mends it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "missing", "optional"]
"""`optional` is missing, too, and only single features need it."""


@dataclass(frozen=True)
class Diagnosis:
    """The state of one subject.

    Attributes:
        subject: name of the subject, such as `redis-server` or a variable.
        state: whether it is there; only `missing` fails.
        observed: the observation, in words with values; no secret.
        needed_for: features that need it.
        remedy: the command that mends it; empty if nothing has to be mended.
    """

    subject: str
    state: State
    observed: str
    needed_for: str = ""
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the diagnosis as a JSON object."""
        return asdict(self)

    def to_row(self) -> dict[str, str]:
        """Return the diagnosis as a row of a table."""
        return {
            "state": self.state,
            "subject": self.subject,
            "observed": self.observed,
            "to mend": self.remedy,
        }


def name_absence(*, is_needed: bool) -> State:
    """Return the state of a subject that is not there."""
    return "missing" if is_needed else "optional"


def count_missing(diagnoses: Iterable[Diagnosis]) -> int:
    """Return the number of subjects that are missing and needed."""
    return sum(diagnosis.state == "missing" for diagnosis in diagnoses)
