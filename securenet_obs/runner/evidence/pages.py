"""Renders a notebook as a single HTML page that loads nothing, runs nothing and cuts no line."""

import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from securenet_obs.runner.notebook import import_guard

import_guard.block_slow_imports()

import nbformat  # noqa: E402
from nbconvert.exporters import HTMLExporter  # noqa: E402

# Outputs may contain any HTML: the page's own policy keeps a browser from acting on it.
_TEMPLATE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}<meta http-equiv="Content-Security-Policy" content="default-src 'none';
img-src data:; font-src data:; style-src 'unsafe-inline'">
<style>
body[data-jp-theme-light] pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.jp-MarkdownCell, .jp-OutputArea table { overflow-wrap: anywhere; }
.jp-MarkdownCell td { min-width: 7em; }
.jp-OutputArea td, .jp-OutputArea th { min-width: 4em; }
.jp-OutputArea td[style*="text-align:left"]:not([style*="nowrap"]) { min-width: 12em; }
.jp-OutputArea td[style*="width:9%"] { white-space: nowrap; }
</style>{% endblock %}
{% block jupyter_widgets %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_css %}
{% set dark = '<style media="screen and (prefers-color-scheme: dark)">' %}
{{ resources.include_css("static/theme-dark.css") | replace('<style type="text/css">', dark) }}
<style>
/* Jupyter's own colours of these have less contrast than 4.5 to 1. */
:root {
  --jp-mirror-editor-comment-color: #356e6e; --jp-mirror-editor-number-color: #007000;
  --jp-mirror-editor-operator-color: #8a1fd1;
}
.jp-RenderedHTMLCommon a { text-decoration: underline !important; }
.jp-InputPrompt, .jp-OutputPrompt { color: #616161 !important; opacity: 1 !important; }
.jp-RenderedHTMLCommon code[style*="#1a7f37"] { color: #116329 !important; }
[style*="#9a6700"] { color: #7d4e00 !important; }
.jp-RenderedHTMLCommon code[style*="#cf222e"] { color: #a40e26 !important; }
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --jp-mirror-editor-comment-color: #6fb3b3; --jp-mirror-editor-number-color: #a0c080;
    --jp-mirror-editor-operator-color: #d2a8ff;
  }
  .jp-InputPrompt, .jp-OutputPrompt { color: #a0a0a0 !important; }
  [style*="#cf222e"] { border-color: #ffa198 !important; color: #ffa198 !important; }
  [style*="#1a7f37"] { color: #7ee787 !important; }
  [style*="#9a6700"] { color: #f2cc60 !important; }
  .jp-RenderedHTMLCommon code[style*="#1a7f37"] { color: #a8f0b4 !important; }
  .jp-RenderedHTMLCommon code[style*="#cf222e"] { color: #ffc9c2 !important; }
  .jp-RenderedImage img { background: #fff; }
}
@media (max-width: 40rem) {
  body.jp-Notebook { padding: 8px; }
  .jp-InputPrompt, .jp-OutputPrompt { display: none; }
  .jp-OutputArea-output { overflow-x: auto; }
}
</style>{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
"""


@cache
def _exporter() -> HTMLExporter:
    return HTMLExporter(raw_template=_TEMPLATE)  # type: ignore[no-untyped-call]


def html_page(name: str, document: Mapping[str, Any]) -> str:
    """Return a notebook as an HTML page with the title `name`."""
    node = nbformat.reads(json.dumps(document), as_version=4)  # type: ignore[no-untyped-call]
    page, _ = _exporter().from_notebook_node(node, {"metadata": {"name": name}})
    return str(page)


def warm_up() -> None:
    """Render a page with every kind of content, so that templates and lexers are loaded."""
    prose = "# 1\n\n> [1](#1)\n\n- `1`\n\n| | |\n|---|---|\n| 1 | 1 |"
    shown = {"text/markdown": "*1*", "text/html": "<p>1</p>"}
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "1"},
        {"output_type": "error", "ename": "1", "evalue": "1", "traceback": ["\x1b[31m1"]},
        {"output_type": "display_data", "metadata": {}, "data": shown},
    ]
    code = {"cell_type": "code", "id": "2", "metadata": {}, "source": "1", "outputs": outputs}
    cells = [
        {"cell_type": "markdown", "id": "1", "metadata": {}, "source": prose},
        {**code, "execution_count": 1},
    ]
    html_page("", {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def main(arguments: list[str]) -> None:
    """Print the HTML page of a notebook file; the arguments are its title and its path."""
    name, path = arguments
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    sys.stdout.buffer.write(html_page(name, document).encode("utf-8", "replace"))
