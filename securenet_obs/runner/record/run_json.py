"""The schema of run.json, the manifest of an evidence folder, for programs that read it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from securenet_obs.check_links import Kind
from securenet_obs.runner.record.verdict import Verdict


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LinkFields(_Part):
    """A link of a failed check."""

    kind: Kind = Field(description="Kind of the place.")
    text: str = Field(description="Command or address.")


class CheckFields(_Part):
    """A judged check."""

    name: str = Field(description="Name, unique in its notebook.")
    outcome: Literal["passed", "failed", "skipped"] = Field(description="Outcome.")
    expected: str = Field(description="Expected value.")
    observed: str = Field(description="Observed value.")
    reason: str = Field(description="Reason of a skipped check.")
    links: list[LinkFields] = Field(description="Places to look at after a failure.")


class ChecksFields(_Part):
    """The checks of a run."""

    passed: int = Field(description="Number of checks that passed.")
    failed: int = Field(description="Number of checks that failed.")
    skipped: int = Field(description="Number of skipped checks.")
    rows: list[CheckFields] = Field(description="The checks, in the order of judgement.")


class GreenRunFields(_Part):
    """The last green run of the same notebook on the same target."""

    command: str = Field(description="Id of its command.")
    run: str | None = Field(description="Name of its files.")
    started: str | None = Field(description="Start, ISO 8601 in UTC.")


class ChangeFields(_Part):
    """A difference between a failing run and its last green run."""

    kind: str = Field(description="Kind, such as `code`, `package`, `setting` or `parameter`.")
    what: str = Field(description="Name of the fact.")
    before: str = Field(description="Value in the green run; a digest for a secret.")
    after: str = Field(description="Value in this run; a digest for a secret.")
    rank: int = Field(description="Place, 1 for the most likely cause.")
    why: str = Field(description="Reason of the rank.")


class RunFields(_Part):
    """One execution of one notebook."""

    run: str = Field(description="Name of its files: `NAME.ipynb`, `NAME.html`.")
    notebook: str = Field(description="Name of the notebook.")
    kind: str = Field(description="`validation`, `runbook`, `guide` or `plain`.")
    path: str = Field(description="Path of the notebook.")
    attempt: int = Field(description="Number of the attempt, from 1.")
    verdict: Verdict | None = Field(description="Verdict; null if the command broke off.")
    cell: int | None = Field(description="Number of the code cell that decided the verdict.")
    reason: str = Field(description="Reason of the verdict.")
    seconds: float | None = Field(description="Duration in seconds.")
    started: str = Field(description="Start, ISO 8601 in UTC.")
    assignments: list[str] = Field(description="Parameters as given, `NAME=VALUE` each.")
    parameters: dict[str, Any] = Field(description="Values of the parameters; secrets by name.")
    sources: dict[str, str] = Field(description="Digest of each code cell.")
    limits: dict[str, str] = Field(description="Deadlines in force.")
    last_green: GreenRunFields | None = Field(description="Last green run, for a failing run.")
    changes_since_green: list[ChangeFields] = Field(description="Changes since then, ranked.")
    not_compared: dict[str, str] = Field(description="Kinds that were not compared: reasons.")
    checks: ChecksFields = Field(description="Its checks.")
    cells: int = Field(description="Number of code cells.")
    cells_finished: int = Field(description="Number of code cells that ended.")
    phases: dict[str, float] = Field(description="Seconds by phase.")
    timings: dict[str, float] = Field(description="Seconds by code cell.")


class RunJson(_Part):
    """The manifest of a command's evidence folder."""

    id: str = Field(description="Id of the command, the name of its folder.")
    command: str = Field(description="`validate` or `run`.")
    target: dict[str, str] = Field(description="Name of the target and its settings, no secret.")
    commit: str | None = Field(description="Commit of the working folder, if it is a clone.")
    code: str | None = Field(description="Digest of the product's files.")
    versions: dict[str, str] = Field(description="Versions of Python and of packages.")
    host: dict[str, Any] = Field(description="Name, system and processors of the machine.")
    planned: list[dict[str, Any]] = Field(
        description="The runs in order, as `--resume` reads them."
    )
    resumes: str = Field(description="Folder whose runs this command resumed, if any.")
    started: str = Field(description="Start, ISO 8601 in UTC.")
    finished: str = Field(description="End, ISO 8601 in UTC.")
    verdict: Verdict = Field(description="The worst verdict of the runs.")
    exit_code: int = Field(description="The command's exit code.")
    reason: str = Field(description="Reason of a verdict that no run has.")
    runs: list[RunFields] = Field(description="The runs, attempts included.")
    files: dict[str, str] = Field(description="SHA-256 of each file of the folder.")
    digest: str = Field(description="SHA-256 of this manifest without its digest.")
