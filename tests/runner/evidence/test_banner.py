"""Banner: a failed run's starts with its first failed check, and texts are never markup."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from securenet_obs.runner.command import Outcome
from securenet_obs.runner.evidence.banner import GREEN, RED, banner
from securenet_obs.runner.evidence.pages import html_page
from securenet_obs.runner.plain_text import plain_text
from securenet_obs.runner.record.journal import Event
from securenet_obs.runner.record.runs import CommandRecord, RunRecord
from securenet_obs.runner.record.verdict import Judgement, Verdict, judge

STARTED: Event = {
    "event": "run_started", "run": "r", "notebook": "n", "at": "now", "attempt": 1,
    "parameters": {}, "kind": "plain", "declared": [],
}  # fmt: skip
START = "from securenet_obs.checks import Checks\nchecks = Checks()\n"


class Reader(HTMLParser):
    """Parses a page into its tags, and its text by colour."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.coloured: dict[str, list[str]] = {GREEN: [], RED: []}
        self._colour = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the tag and its colour."""
        self.tags.append((tag, dict(attrs)))
        style = dict(attrs).get("style") or ""
        self._colour = next((c for c in (GREEN, RED) if f"color:{c}" in style.split(";")[0]), "")
        if self._colour:
            self.coloured[self._colour].append("")

    def handle_endtag(self, tag: str) -> None:
        """Reset the colour."""
        self._colour = ""

    def handle_data(self, data: str) -> None:
        """Record coloured text."""
        if self._colour:
            self.coloured[self._colour][-1] += data


def failed(*checks: dict[str, Any]) -> tuple[RunRecord, Judgement]:
    rows = [{"event": "check", "run": "r", "outcome": "failed", **check} for check in checks]
    (record,) = CommandRecord().fold([STARTED, *rows, {"event": "ended", "run": "r"}]).runs
    return record, judge(record)


def page_of(record: RunRecord, judgement: Judgement) -> str:
    return page_with(banner(record, judgement, seconds=1.25, opened={"versions": {"python": "3"}}))


def page_with(text: str) -> str:
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": text}
    return html_page("t", {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_failed_page_opens_with_the_first_failed_check(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The banner links the check's own cell, not that of `conclude`; both values are coloured."""
    path = write_notebook(
        START + "checks.expect('first', expected=1, observed=1)",
        "checks.expect('second', expected='empty', observed='3 messages')",
        "checks.expect('third', expected='quiet', observed='loud')",
        "checks.conclude()",
    )
    outcome = execute(path)
    (row,) = outcome.manifest["runs"]
    assert (row["verdict"], row["cell"], row["reason"]) == ("failed", 2, "failed: second, third")
    page = Reader((outcome.folder / "a_claim.html").read_text())
    assert page.coloured[RED][:4] == ["✘ second", "3 messages", "✘ third", "loud"]
    assert page.coloured[GREEN][:2] == ["empty", "quiet"]
    links = [
        tag["href"] for name, tag in page.tags if name == "a" and "-cell" in (tag.get("href") or "")
    ]
    assert links[:2] == ["#first-failing-cell", "#failing-cell-3"]
    ids = {tag.get("id") for _, tag in page.tags}
    assert {"first-failing-cell", "failing-cell-3"} <= ids


def test_the_first_failed_check_is_that_of_the_first_cell() -> None:
    """A check that failed in an earlier cell comes first, even if another passed before it."""
    passed = {"name": "a", "cell": 1, "outcome": "passed"}
    _, judgement = failed(passed, {"name": "b", "cell": 2}, {"name": "a", "cell": 3})
    assert (judgement.cell, judgement.reason) == (2, "failed: b, a")


def test_another_verdict_opens_with_its_reason() -> None:
    """The reason comes before the failed checks, and its HTML and table bars are escaped."""
    record, _ = failed({"name": "a", "cell": 1})
    died = Judgement(Verdict.KERNEL_DIED, 2, "the <kernel> | died")
    text = banner(record, died, seconds=1.25, opened={})
    assert text.startswith("# ✘ kernel_died\n\n> the &lt;kernel&gt; \\| died\n")
    assert "[cell 2](#first-failing-cell)" in text
    assert text.index("died") < text.index("✘ a") < text.index("| duration | 1.2 s |")


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_passed_banner_has_the_facts_alone(attempt: int) -> None:
    """The banner of a passed run has no reason, and names the attempt unless it was the first."""
    record = RunRecord("r", {**STARTED, "attempt": attempt})
    text = banner(record, Judgement(Verdict.PASSED), seconds=1.25, opened={"versions": {"x": "3"}})
    suffix = " on attempt 2" if attempt == 2 else ""
    assert text.startswith(f"# ✔ passed{suffix}\n\n| | |\n")
    assert "| versions | <details><summary>packages (1)</summary>x = 3</details> |" in text


HOSTILE = (
    "</code></div>\n\n# x\n<script>alert(1)</script><img src=x onerror=y> **b** `c` $d$ [e](f)"
)


@example(HOSTILE)
@example("a|b\\begin{x}$$y$$ <!-- --> ~~z~~ https://example.com &lt; \x1b[31mred")
@settings(deadline=None, max_examples=40)
@given(st.text(max_size=80))
def test_a_checks_texts_are_shown_as_they_are(text: str) -> None:
    """A text never yields a tag, and the page shows its characters unchanged."""
    record, judgement = failed({"name": text, "cell": 2, "expected": text, "observed": text})
    page = Reader(page_of(record, judgement))
    tags = [name for name, _ in page.tags]
    harmless, _ = failed({"name": "a", "cell": 2, "expected": "b", "observed": "c"})
    assert tags == [name for name, _ in Reader(page_of(harmless, judgement)).tags]
    plain = plain_text(text).replace("\r\n", "\n").replace("\r", "\n")
    values = [*page.coloured[GREEN], *page.coloured[RED]]
    assert [value.replace("\r\n", "\n").replace("\r", "\n") for value in values] == [
        plain, f"✘ {plain}", plain,
    ]  # fmt: skip


def test_settings_and_packages_are_folded() -> None:
    """The target's name is shown; a value is no markup, and ends neither fold nor row."""
    record, pages = RunRecord("r", STARTED), []
    for value in ("harmless", f"</details>|{HOSTILE}"):
        opened = {
            "target": {"name": "staging", "A": value},
            "versions": {"python": "3", "x": value},
        }
        text = banner(record, Judgement(Verdict.PASSED), seconds=1.25, opened=opened)
        assert "| target | staging <details><summary>settings (1)</summary>" in text
        pages.append(Reader(page_with(text)))
    assert [tag for tag, _ in pages[0].tags] == [tag for tag, _ in pages[1].tags]


def test_a_failed_check_links_where_to_look() -> None:
    """Events can be clicked, commands are text, and nothing in them is markup."""
    links = [
        {"kind": "runbook", "text": "securenet-obs run beat_<b>"},
        {"kind": "sentry", "text": "http://host/event?a=1&b=<2>"},
        {"kind": "script", "text": "left out"},
    ]
    record, judgement = failed({"name": "a", "cell": 2, "links": links})
    text = page_of(record, judgement)
    addresses = [fields.get("href") for tag, fields in Reader(text).tags if tag == "a"]
    assert "http://host/event?a=1&b=<2>" in addresses
    assert "securenet-obs run beat&#95;&#60;b&#62;" in banner(
        record, judgement, seconds=1, opened={}
    )
    assert "left out" not in text
