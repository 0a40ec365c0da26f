"""The layout: marks, words, contrast of the colours in both themes."""

import re
from pathlib import Path

import pytest

from securenet_obs.layout.pages import (
    MARKS,
    Pages,
    mark,
    pairs_markup,
    style_sheet,
    tone,
    verdict_markup,
    when,
    words,
)
from securenet_obs.runner.record.verdict import Verdict

PAIRS = [(name, f"{name}-back") for name in ("pass", "fail", "warn", "skip")]
PAIRS += [(name, "back") for name in ("ink", "soft", "link", "fail", "pass", "warn", "skip")]
PAIRS += [("ink", "band"), ("link", "band")]


def test_every_verdict_has_a_mark() -> None:
    """One of another version has a mark, too, and no two verdicts share one."""
    assert MARKS.keys() == {verdict.value for verdict in Verdict}
    assert len({sign for sign, _ in MARKS.values()}) == len(MARKS)
    assert (mark("new"), tone("new"), words("kernel_died")) == ("?", "warn", "kernel died")


def test_values_are_escaped() -> None:
    """Names and values may hold markup."""
    assert "<b>" not in pairs_markup([("<b>", "<b>")])
    assert "<b>" not in verdict_markup("<b>", "<b>")


def test_a_time_is_shown_to_the_second() -> None:
    """A text of another form is shown as it is."""
    assert when("2026-08-01T06:00:00.123456Z") == "2026-08-01 06:00:00"
    assert when("soon") == "soon"


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, by WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_texts_have_contrast(theme: int, pair: tuple[str, str]) -> None:
    """At least 4.5 to 1 in both themes, as WCAG 2 AA requires."""
    block = re.findall(r":root \{(.*?)\}", style_sheet(), re.DOTALL)[theme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    lighter, darker = sorted((luminance(colours[name]) for name in pair), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_a_page_links_or_includes_the_style_sheet(tmp_path: Path) -> None:
    """A single page includes it; a change of a template changes the fingerprint."""
    template = tmp_path / "page.html.j2"
    template.write_text('{% extends "layout.html.j2" %}{% block content %}{{ x }}{% endblock %}')
    pages = Pages(tmp_path)
    assert 'href="s.css"' in pages.render("page.html.j2", style="s.css", x="<x>")
    assert style_sheet() in pages.render("page.html.j2", style="", x="<x>")
    assert "&lt;x&gt;" in pages.render("page.html.j2", style="", x="<x>")
    before = pages.fingerprint()
    template.write_text(template.read_text() + " ")
    assert pages.fingerprint() != before
