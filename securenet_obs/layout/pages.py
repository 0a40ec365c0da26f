"""Renders HTML pages by Jinja templates with a common layout; every value is escaped."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from securenet_obs.tables import seconds_text

_HERE = Path(__file__).parent

MARKS: Mapping[str, tuple[str, str]] = {
    "passed": ("✔", "pass"),
    "skipped": ("S", "skip"),
    "failed": ("✘", "fail"),
    "bad_parameters": ("P", "warn"),
    "error": ("E", "warn"),
    "timeout": ("T", "warn"),
    "kernel_died": ("K", "warn"),
    "refused": ("R", "warn"),
    "unreachable": ("U", "warn"),
    "interrupted": ("I", "skip"),
}
"""Verdict or outcome -> its mark of one character, and its class in the style sheet."""

_UNKNOWN = ("?", "warn")


class Pages:
    """The templates of one package, which extend `layout.html.j2`.

    Args:
        folder: folder of the templates.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = Environment(
            loader=FileSystemLoader([folder, _HERE]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            # Templates are never edited while a command runs: a check of each would cost a tenth.
            auto_reload=False,
        )
        filters = {"mark": mark, "tone": tone, "words": words, "when": when, "seconds": _seconds}
        self._environment.filters.update(filters)
        self._environment.globals.update(pill=verdict_markup, pairs=pairs_markup)

    def render(self, name: str, **values: Any) -> str:
        """Return a page.

        Args:
            name: file name of the template.
            values: its variables; `style` is the path of a linked style sheet, empty to include it.
        """
        sheet = "" if values.get("style") else style_sheet()
        return self._environment.get_template(name).render(sheet=sheet, **values)

    def fingerprint(self) -> str:
        """Return a digest of the templates, the layout and the style sheet."""
        files = sorted({*self._folder.glob("*.j2"), *_HERE.glob("*.j2"), *_HERE.glob("*.css")})
        return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def style_sheet() -> str:
    """Return the style sheet."""
    return (_HERE / "style.css").read_text(encoding="utf-8")


def mark(verdict: str) -> str:
    """Return the mark of a verdict or an outcome."""
    return MARKS.get(verdict, _UNKNOWN)[0]


def tone(verdict: str) -> str:
    """Return the class of a verdict or an outcome in the style sheet."""
    return MARKS.get(verdict, _UNKNOWN)[1]


def words(verdict: str) -> str:
    """Return a verdict in words."""
    return verdict.replace("_", " ")


@lru_cache
def verdict_markup(verdict: str, note: str = "") -> Markup:
    """Return a verdict or an outcome as HTML: its mark, which is for the eye only, and in words."""
    return Markup('<span class="verdict {}"><span aria-hidden="true">{}</span> {}{}</span>').format(
        tone(verdict), mark(verdict), words(verdict), note
    )


def pairs_markup(values: Iterable[tuple[str, object]]) -> Markup:
    """Return names and values as HTML."""
    rows = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in values)
    return Markup('<dl class="facts">\n{}\n</dl>').format(Markup("\n".join(rows)))  # noqa: S704 - escaped


def when(moment: str) -> str:
    """Return a time of ISO 8601 in UTC to the second; a text of another form as it is."""
    try:
        return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return moment


def _seconds(value: float | None) -> str:
    return "none" if value is None else seconds_text(value)
