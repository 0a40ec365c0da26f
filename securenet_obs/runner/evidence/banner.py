"""Builds an executed notebook's banner (verdict, failed checks, parameters, versions); anchors."""

import html
import re
from collections.abc import Mapping
from typing import Any

from securenet_obs.check_links import Link
from securenet_obs.runner.plain_text import plain_text
from securenet_obs.runner.record.runs import CheckRow, RunRecord
from securenet_obs.runner.record.summary import MAX_SHOWN_CHANGES, change_text, comparison
from securenet_obs.runner.record.verdict import Judgement

ANCHOR = "first-failing-cell"
"""Name of the link target before the cell that decided the verdict."""

_NAMED = ("python", "securenet-obs")
"""Packages whose versions are shown; those of others are folded."""

RED, GREEN = "#cf222e", "#1a7f37"
_BOX = f"border-left:6px solid {RED};padding:4px 0 4px 14px;margin:0 0 12px"
_VALUE = "white-space:pre-wrap;overflow-wrap:anywhere"


def anchors(record: RunRecord, judgement: Judgement) -> dict[int, str]:
    """Return the anchor name of each cell that the banner links to."""
    cells = {record.cell_of(row.name) for row in record.failing}
    names = {cell: f"failing-cell-{cell}" for cell in sorted(cells)}
    if judgement.cell is not None and judgement.verdict != "passed":
        names[judgement.cell] = ANCHOR
    return names


def banner(
    record: RunRecord, judgement: Judgement, *, seconds: float, opened: Mapping[str, Any]
) -> str:
    """Return the banner as Markdown: verdict, failed checks, parameters, target, versions.

    The banner of a failed run begins with the first failed check. Other verdicts have a reason of
    their own, which comes first.
    """
    mark = "✔" if judgement.verdict == "passed" else "✘"
    lines = [f"# {mark} {judgement.verdict}", ""]
    if record.started["attempt"] > 1:
        lines[0] += f" on attempt {record.started['attempt']}"
    links = anchors(record, judgement)
    if judgement.verdict != "failed" or not record.failing:
        lines += _reason(judgement)
    for row in record.failing:
        lines += [_failed_check(row, record.cell_of(row.name), links), ""]
    lines += _changes(comparison(record))
    return "\n".join([*lines, *_facts_table(record, seconds, opened)]) + "\n"


def _changes(compared: Mapping[str, Any]) -> list[str]:
    """Return the most likely causes among the changes since the last green run as a list."""
    green, changes = compared["last_green"], compared["changes_since_green"]
    if not green:
        return []
    if not changes:
        return [
            f"Nothing recorded has changed since the green run {_inline(green['command'])}.",
            "",
        ]
    lines = [
        f"Changed since the green run {_inline(green['command'])}, most likely cause first:",
        "",
    ]
    lines += [f"{row['rank']}. {_inline(change_text(row))}" for row in changes[:MAX_SHOWN_CHANGES]]
    if (more := len(changes) - MAX_SHOWN_CHANGES) > 0:
        lines += ["", f"{more} more changes are in run.json."]
    return [*lines, ""]


def _reason(judgement: Judgement) -> list[str]:
    lines = [f"> {_inline(judgement.reason)}", ""] if judgement.reason else []
    if judgement.cell is not None and judgement.verdict != "passed":
        lines += [f"First failing cell: [cell {judgement.cell}](#{ANCHOR})", ""]
    return lines


def _failed_check(row: CheckRow, cell: int, links: Mapping[int, str]) -> str:
    """Return a check as one HTML block, without the empty line at which Markdown would end it."""
    values = (("expected", GREEN, row.expected), ("observed", RED, row.observed))
    shown = "\n".join(
        f'<div>{name} <code style="color:{colour};{_VALUE}">{_entities(value)}</code></div>'
        for name, colour, value in values
    )
    shown = "\n".join([shown, *map(_link, row.links)])
    return (
        f'<div style="{_BOX}">\n'
        f'<div style="overflow-wrap:anywhere"><b style="color:{RED}">✘ {_entities(row.name)}</b> '
        f'(<a href="#{links[cell]}">cell {cell}</a>)</div>\n{shown}\n</div>'
    )


def _link(link: Link) -> str:
    """Return a link as one line; the address of an event can be clicked."""
    text = _entities(link.text)
    shown = f'<a href="{text}">{text}</a>' if link.kind == "sentry" else f"<code>{text}</code>"
    return f'<div style="overflow-wrap:anywhere">{link.kind}: {shown}</div>'


def _entities(text: str) -> str:
    """Return the text with the special characters of HTML, Markdown and MathJax as entities."""
    return re.sub(r"[^a-zA-Z0-9 .,:;()=+-]", lambda found: f"&#{ord(found[0])};", plain_text(text))


def _facts_table(record: RunRecord, seconds: float, opened: Mapping[str, Any]) -> list[str]:
    settings, packages = dict(opened.get("target", {})), dict(opened.get("versions", {}))
    target = str(settings.pop("name", ""))
    versions = {name: packages.pop(name) for name in _NAMED if name in packages}
    facts = {
        "notebook": _inline(record.started["notebook"]),
        "started": _inline(record.started["at"]),
        "duration": f"{seconds:.1f} s",
        "target": f"{_inline(target)} {_fold('settings', settings)}",
        "parameters": _inline(_join(record.started["parameters"])) or "none",
        "versions": f"{_inline(_join(versions))} {_fold('packages', packages)}",
    }
    rows = [f"| {name} | {value.strip()} |" for name, value in facts.items()]
    return ["| | |", "|---|---|", *rows]


def _fold(title: str, facts: Mapping[str, Any]) -> str:
    """Return the number of facts with a triangle that unfolds them; empty if there are none."""
    if not facts:
        return ""
    return f"<details><summary>{title} ({len(facts)})</summary>{_inline(_join(facts))}</details>"


def _join(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in facts.items())


def _inline(text: str) -> str:
    """Return the text on one line, with the special characters of Markdown and HTML escaped."""
    line = html.escape(" ".join(plain_text(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|#$~])", r"\\\1", line)
