"""The schema of a notebook's `securenet` metadata: kind, names of needs, deadlines, checks."""

from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from securenet_obs.runner.notebook.needs import NEEDS

Kind = Literal["validation", "runbook", "guide", "plain"]
"""A guide is a start page: it explains and shows, and no command runs it with the others."""


def _known(name: str) -> str:
    if name in NEEDS:
        return name
    nearest = get_close_matches(name.lower(), NEEDS, n=1)
    raise PydanticCustomError(
        "need",
        "'{name}' is not a need{suggestion}; the needs are {known}",
        {
            "name": name,
            "suggestion": f" (did you mean {nearest[0]!r}?)" if nearest else "",
            "known": ", ".join(NEEDS),
        },
    )


NeedName = Annotated[str, AfterValidator(_known)]
"""A name in `NEEDS`."""


class Declared(BaseModel):
    """The metadata that a notebook declares; a field that is added here is known everywhere."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    draft: bool = Field(
        default=False, description="Whether parts are still to be written; lint lists them."
    )
    needs: list[NeedName] = Field(
        default=[], description="What the target must serve; else the run is skipped."
    )
    optional_needs: list[NeedName] = Field(
        default=[], description="What single checks need; the notebook skips those checks itself."
    )
    acts: bool = Field(default=False, description="Whether it changes the target.")
    deadline_s: float = Field(default=120.0, gt=0, description="Seconds a whole run may take.")
    cell_deadline_s: float = Field(default=30.0, gt=0, description="Seconds a cell may take.")
    exclusive: bool = Field(default=False, description="Whether it needs the target for itself.")
    checks: list[str] = Field(default=[], description="Names of the checks it will judge.")

    symptoms: list[str] = Field(default=[], description="Signs of the failure, in words.")
    patterns: list[str] = Field(
        default=[], description="Regular expressions of log lines and errors that lead here."
    )
    fallback_patterns: list[str] = Field(
        default=[], description="The same of consequences: they count if no pattern matches."
    )
    failed_checks: list[str] = Field(
        default=[], description="Checks of validations whose failure leads here."
    )
    severity: Literal["", "page", "ticket"] = Field(
        default="", description="Whether its alert pages."
    )
    services: list[str] = Field(default=[], description="Parts of SecureNet that it concerns.")
    owner: str = Field(default="", description="Team that maintains it.")
    expected_s: float | None = Field(
        default=None, gt=0, description="Seconds that a run usually takes."
    )
    drill: str = Field(default="", description="Name of the incident that proves it.")
    incident_lock: Literal["redis", "store"] = Field(
        default="redis", description="Place of its incident lock: the store if it repairs Redis."
    )

    @property
    def all_needs(self) -> list[str]:
        """All needs of the notebook, those of single checks included."""
        return [*self.needs, *self.optional_needs]
