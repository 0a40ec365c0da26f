"""HTML pages: complete for a reader, inert in a browser."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.checks import Check
from securenet_obs.runner import lab
from securenet_obs.runner.evidence.pages import html_page, main

LAUNCHER = Path(lab.__path__[0], "frontend/extensions/securenet-obs-launcher/static/launcher.js")
SCRIPT = "<script>alert(1)</script>"
SHOWN = {"output_type": "display_data", "metadata": {}, "data": {"text/html": f"<b>hi</b>{SCRIPT}"}}
DOCUMENT: dict[str, Any] = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": f"# A claim\n\n{SCRIPT}"},
        {
            "cell_type": "code", "id": "b", "metadata": {}, "source": "show()",
            "outputs": [SHOWN], "execution_count": 1,
        },
    ],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip


def test_a_page_shows_everything_and_lets_nothing_run() -> None:
    """The page has title, prose and outputs; its policy forbids every script and request."""
    page = html_page("01_a_claim", DOCUMENT)
    assert "<title>01_a_claim</title>" in page
    assert "<b>hi</b>" in page
    head = page.partition("<body")[0]
    assert "Content-Security-Policy" in head
    assert "default-src 'none'" in head
    assert "script-src" not in head


def test_a_long_line_of_a_page_is_wrapped() -> None:
    """Code, text and table cells wrap, so that a reader never scrolls sideways."""
    head = html_page("01_a_claim", DOCUMENT).partition("<body")[0]
    assert "pre { white-space: pre-wrap; overflow-wrap: anywhere; }" in head
    assert ".jp-MarkdownCell, .jp-OutputArea table { overflow-wrap: anywhere; }" in head


def test_the_outcome_of_a_check_is_one_line() -> None:
    """Here and in JupyterLab: the rule of both pages meets the first cell of a check's row."""
    rule = '.jp-OutputArea td[style*="width:9%"] { white-space: nowrap; }'
    assert rule in html_page("01_a_claim", DOCUMENT).partition("<body")[0]
    assert rule in LAUNCHER.read_text()
    row = Check("a", "skipped", reason="b")._repr_mimebundle_()["text/html"]
    assert re.search(r"<td[^>]*width:9%[^>]*><b>○ skipped</b>", row)


def test_a_page_follows_the_theme_of_the_system() -> None:
    """The colours of the dark theme, and ours for it, count on a dark screen alone."""
    head = html_page("01_a_claim", DOCUMENT).partition("<body")[0]
    light, _, dark = head.partition('<style media="screen and (prefers-color-scheme: dark)">')
    assert "--jp-layout-color0: white" in light
    assert "--jp-layout-color0: #111;" in dark
    assert "&lt;style" not in head


def test_the_page_of_a_file_goes_to_standard_output(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """An unencodable character is lost alone; the page is still written."""
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(DOCUMENT).replace("show()", "\\udcff"))
    main(["title", str(path)])
    assert b"<title>title</title>" in capfdbinary.readouterr().out
