"""Expectation -> check: shown in the notebook as a row, and carried in the same output as data.

Every check of a notebook is judged; `Checks.conclude`, in the last cell, raises if any failed.
The executed notebook alone carries the result: each row has a second representation under
`CHECK_MIME`, which a reader of the file finds without running anything.
"""

import html
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from securenet_obs.errors import ChecksFailedError
from securenet_obs.redaction import redact_text

CHECK_MIME = "application/vnd.securenet.check+json"
"""The MIME type of a check in a notebook's output: an object with the fields of `Check`."""

LONGEST_VALUE = 500
"""Characters of an expected or observed value that are kept."""

Outcome = Literal["passed", "failed", "skipped"]
_MARKS: dict[Outcome, tuple[str, str]] = {
    "passed": ("✔", "#1a7f37"),
    "failed": ("✘", "#cf222e"),
    "skipped": ("○", "#9a6700"),
}
_LEFT = 'style="text-align:left"'


@dataclass(frozen=True)
class Check:
    """One judged expectation."""

    name: str
    outcome: Outcome
    expected: str = ""
    observed: str = ""
    reason: str = ""

    def __str__(self) -> str:
        """Return the check as one line."""
        mark, _ = _MARKS[self.outcome]
        details = self.reason or f"expected {self.expected}, observed {self.observed}"
        return f"{mark} {self.outcome}: {self.name} ({details})"

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {
            "text/plain": str(self),
            "text/html": f"<table>{_row(self)}</table>",
            CHECK_MIME: asdict(self),
        }


def _row(check: Check) -> str:
    mark, colour = _MARKS[check.outcome]
    details = (
        f"<td colspan=2 {_LEFT}>{html.escape(check.reason)}</td>"
        if check.reason
        else f"<td {_LEFT}>expected <code>{html.escape(check.expected)}</code></td>"
        f"<td {_LEFT}>observed <code>{html.escape(check.observed)}</code></td>"
    )
    return (
        f'<tr><td style="color:{colour};white-space:nowrap"><b>{mark} {check.outcome}</b></td>'
        f"<td {_LEFT}><b>{html.escape(check.name)}</b></td>{details}</tr>"
    )


class Checks:
    """The checks of one notebook, in the order in which they were judged."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._cells: dict[str, int | None] = {}

    def __iter__(self) -> Iterator[Check]:
        """Iterate over the checks judged so far."""
        return iter(self._checks.values())

    def __len__(self) -> int:
        """Return how many checks were judged so far."""
        return len(self._checks)

    def expect(self, name: str, *, expected: object, observed: object) -> None:
        """Judge that `observed` equals `expected`, and show the check."""
        self.that(name, bool(expected == observed), expected=expected, observed=observed)

    def that(self, name: str, passed: bool, *, expected: object, observed: object) -> None:
        """Record an expectation that was judged by the caller, and show the check.

        Args:
            name: what must hold, as a claim; unique in its notebook.
            passed: whether it held.
            expected: the expectation, in words or as a value.
            observed: what was there instead or indeed.
        """
        outcome: Outcome = "passed" if passed else "failed"
        self._add(Check(name, outcome, _short(expected), _short(observed)))

    def skip(self, name: str, *, reason: str) -> None:
        """Record that this target cannot answer the question, and show why."""
        self._add(Check(name, "skipped", reason=_short(reason)))

    def conclude(self) -> None:
        """Show every check in one table; the last cell of a notebook calls this.

        Raises:
            ChecksFailedError: a check failed, or nothing at all was judged.
        """
        _display(_Summary(tuple(self)))
        failed = [check.name for check in self if check.outcome == "failed"]
        if failed:
            raise ChecksFailedError(
                f"{len(failed)} of {len(self)} checks failed: {', '.join(failed)}"
            )
        if not any(check.outcome == "passed" for check in self):
            raise ChecksFailedError("no check was judged: nothing is proven")

    def _add(self, check: Check) -> None:
        """Keep and show it; a cell that is run again judges anew, one run never judges twice."""
        cell = _execution_count()
        if check.name in self._checks and self._cells[check.name] == cell:
            raise ValueError(f"two checks are named {check.name!r}; give each its own name")
        self._checks[check.name] = check
        self._cells[check.name] = cell
        _display(check)


@dataclass(frozen=True)
class _Summary:
    checks: tuple[Check, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.checks))

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        rows = "".join(map(_row, self.checks))
        return {"text/plain": str(self), "text/html": f"<table>{rows}</table>"}


def _short(value: object) -> str:
    # Half of a surrogate pair cannot be sent to a notebook, nor written to a file.
    text = redact_text(str(value).encode("utf-8", "backslashreplace").decode())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _execution_count() -> int | None:
    """Return the number of the cell that is running, None outside of a notebook."""
    shell = _shell()
    return None if shell is None else int(shell.execution_count)


def _display(shown: Check | _Summary) -> None:
    """Show it where a person looks: the cell's output in a notebook, stdout elsewhere."""
    if _shell() is None:
        print(shown)
    else:
        from IPython.display import display

        display(shown)  # type: ignore[no-untyped-call]


def _shell() -> Any:
    """Return the running IPython shell, None where there is none: a service has no IPython."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
