"""Checks of a notebook: judges each, records it as a cell output, raises at the end if any failed.

Every check of a notebook is judged; `Checks.conclude`, in the last cell, raises if any failed.
The executed notebook alone carries the results: each output has a row for the reader, and under
`CHECK_MIME` the same check as data, which can be read from the file without running anything.
"""

import html
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from securenet_obs.check_links import Link, find_links
from securenet_obs.errors import ChecksFailedError
from securenet_obs.redaction import redact_text
from securenet_obs.tables import html_cell, html_rows, running_shell, value_text

CHECK_MIME = "application/vnd.securenet.check+json"
"""MIME type of a check in a notebook's output: an object with the fields of `Check`."""

MAX_VALUE_LENGTH = 500
"""Maximum number of characters that are kept of an expected or observed value."""

Outcome = Literal["passed", "failed", "skipped"]
_NAME_WIDTH = 60
_INDENT = " " * 11
_MARKS: dict[Outcome, tuple[str, str]] = {
    "passed": ("✔", "#1a7f37"),
    "failed": ("✘", "#cf222e"),
    "skipped": ("○", "#9a6700"),
}
_WIDTHS = (9, 33, 29, 29)
"""Shares of the page's width for outcome, name, expected and observed, in percent. They are fixed,
so that the rows of different cells line up. By the first one the page of a run and JupyterLab
(`runner/lab/frontend`) recognise an outcome, and keep it on one line."""


@dataclass(frozen=True)
class Check:
    """One judged expectation."""

    name: str
    outcome: Outcome
    expected: str = ""
    observed: str = ""
    reason: str = ""
    links: tuple[Link, ...] = ()

    def __str__(self) -> str:
        """Return the check as one line with the columns of other checks' lines, then its links."""
        mark, _ = _MARKS[self.outcome]
        details = self.reason or f"expected {self.expected}, observed {self.observed}"
        line = f"{mark} {self.outcome:7}  {self.name:<{_NAME_WIDTH}}  {details}"
        return "\n".join([line, *(f"{_INDENT}{link}" for link in self.links)])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {
            "text/plain": str(self),
            "text/html": _format_table([self]),
            CHECK_MIME: self._to_json(),
        }

    def _to_json(self) -> dict[str, Any]:
        """Return the fields as data; a check without links has no such field."""
        fields = asdict(self)
        links = fields.pop("links")
        return {**fields, "links": list(links)} if links else fields


def _format_table(checks: Iterable[Check]) -> str:
    return html_rows("".join(map(_format_row, checks)), "width:100%;table-layout:fixed")


def _format_row(check: Check) -> str:
    mark, colour = _MARKS[check.outcome]
    outcome, name, expected, observed = (f"width:{share}%" for share in _WIDTHS)
    cells = [
        html_cell(f"<b>{mark} {check.outcome}</b>", style=f"{outcome};color:{colour}"),
        html_cell(f"<b>{html.escape(check.name)}</b>", style=name),
    ]
    if check.reason:
        cells.append(html_cell(html.escape(check.reason), attributes='colspan="2"'))
    else:
        cells += [
            html_cell(f"expected <code>{html.escape(check.expected)}</code>", style=expected),
            html_cell(f"observed <code>{html.escape(check.observed)}</code>", style=observed),
        ]
    return f"<tr>{''.join(cells)}</tr>{''.join(map(_format_link, check.links))}"


def _format_link(link: Link) -> str:
    """Return a row for a link below that of its check: an address can be clicked."""
    text = html.escape(link.text)
    shown = f'<a href="{text}">{text}</a>' if link.kind == "sentry" else f"<code>{text}</code>"
    cells = [html_cell(html.escape(link.kind)), html_cell(shown, attributes='colspan="3"')]
    return f"<tr>{''.join(cells)}</tr>"


class Checks:
    """The checks of one notebook, in the order in which they were judged."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._cells: dict[str, int | None] = {}
        self._began = datetime.now(UTC)
        self._events: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Check]:
        """Iterate over the checks judged so far."""
        return iter(self._checks.values())

    def __len__(self) -> int:
        """Return the number of checks judged so far."""
        return len(self._checks)

    def expect(self, name: str, *, expected: object, observed: object) -> None:
        """Judge that `observed` equals `expected`, and show the check."""
        self.record(name, bool(expected == observed), expected=expected, observed=observed)

    def record(
        self,
        name: str,
        passed: bool,
        *,
        expected: object,
        observed: object,
        is_of_target: bool = True,
    ) -> None:
        """Record and show a check that the caller has judged.

        Args:
            name: the expectation as a claim; unique in its notebook.
            passed: whether the expectation was met.
            expected: the expectation, in words or as a value.
            observed: the value that was observed; `value_text` formats it.
            is_of_target: whether a failure links places of the target; a wrong answer to an
                exercise, for example, has no runbook.
        """
        check = self._judge(name, passed, expected, observed, since=self._began)
        self._add(check if is_of_target else replace(check, links=()))

    def show_example(self, name: str, passed: bool, *, expected: object, observed: object) -> None:
        """Show a check that is judged as by `record`, and counts nowhere: it explains checks."""
        _display(_Summary((self._judge(name, passed, expected, observed, since=None),)))

    def link_events(self, addresses: Iterable[str]) -> None:
        """Let each later check that fails link these events in Sentry; empty ones are left out."""
        self._events = tuple(address for address in addresses if address)

    def skip(self, name: str, *, reason: str) -> None:
        """Record and show a check that cannot be judged on this target, with the reason."""
        self._add(Check(name, "skipped", reason=_shorten(reason)))

    def conclude(self) -> None:
        """Show all checks in one table; the last cell of a notebook calls this.

        Raises:
            ChecksFailedError: a check failed, or none passed.
        """
        _display(_Summary(tuple(self)))
        failed = [check.name for check in self if check.outcome == "failed"]
        if failed:
            raise ChecksFailedError(
                f"{len(failed)} of {len(self)} checks failed: {', '.join(failed)}"
            )
        if not any(check.outcome == "passed" for check in self):
            raise ChecksFailedError("no check was judged: nothing is proven")

    def _judge(
        self, name: str, passed: bool, expected: object, observed: object, since: datetime | None
    ) -> Check:
        wanted, found = _shorten(expected), _shorten(observed)
        if passed:
            return Check(name, "passed", wanted, found)
        links = find_links(name, f"{wanted}\n{found}", since=since, events=self._events)
        return Check(name, "failed", wanted, found, links=links)

    def _add(self, check: Check) -> None:
        """Store and show a check; only another execution of its cell may replace it."""
        cell = _get_execution_count()
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
        return {"text/plain": str(self), "text/html": _format_table(self.checks)}


def _shorten(value: object) -> str:
    # A lone surrogate can neither be sent to a notebook nor written to a file.
    text = redact_text(value_text(value).encode("utf-8", "backslashreplace").decode())
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[: MAX_VALUE_LENGTH - 1]}…"


def _get_execution_count() -> int | None:
    """Return the execution count of the running cell, None outside of a notebook."""
    shell = running_shell()
    return None if shell is None else int(shell.execution_count)


def _display(item: Check | _Summary) -> None:
    """Show a check or the summary in the cell's output; on stdout outside of a notebook."""
    if running_shell() is None:
        print(item)
    else:
        from IPython.display import display

        display(item)  # type: ignore[no-untyped-call]
