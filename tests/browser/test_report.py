"""The report and the executed notebooks in real Chromium, in both themes, at phone width."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from playwright.sync_api import Browser

from securenet_obs.reports.site import write_site
from tests.benchmarks.made_evidence import make_evidence
from tests.browser.jupyter_page import CHROMIUM, chromium
from tests.browser.static_page import THEMES, WIDTHS, Theme, keep_screenshot, opened

pytestmark = [
    pytest.mark.slow,
    pytest.mark.stack,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not on the PATH"),
]

PROJECT = Path(__file__).parents[2]
PASSING, FAILING = "01_it_holds", "02_it_fails"
CELLS = {
    PASSING: "checks.expect('it holds', expected=1, observed=1)",
    FAILING: "checks.expect('it is equal', expected='one', observed='another ' * 40)",
}

SHOWN = """
import matplotlib.pyplot as plt
import pandas as pd
from securenet_obs.tables import format_tables
format_tables()
plt.plot([1, 2]); plt.show()
pd.DataFrame({"name": ["a" * 50] * 3, "url": ["https://sentry.example/1"] * 3, "s": [1.5] * 3})
"""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return evidence of real runs, one of which fails, beside many that were made."""
    root = tmp_path_factory.mktemp("project")
    (root / "notebooks").mkdir()
    for name, cell in CELLS.items():
        document = v4.new_notebook(metadata={"securenet": {"kind": "validation", "checks": []}})
        document.cells = [
            v4.new_markdown_cell("# A claim holds\n\nProse with `code` and a [link](https://x.y)."),
            v4.new_code_cell("n: int = 3  # how many", metadata={"tags": ["parameters"]}),
            v4.new_code_cell(SHOWN),
            v4.new_code_cell("import sys\nprint('out', 1.5, None)\nprint('err', file=sys.stderr)"),
            v4.new_code_cell(f"from securenet_obs.checks import Checks\nchecks = Checks()\n{cell}"),
            v4.new_code_cell("checks.conclude()"),
        ]
        nbformat.write(document, root / "notebooks" / f"{name}.ipynb")
    command = [sys.executable, "-m", "securenet_obs", "validate"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    make_evidence(root / "evidence", 400)
    write_site(root / "evidence")
    return root / "evidence"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield the browser."""
    with chromium() as running:
        yield running


def page_of(evidence: Path, kind: str) -> Path:
    """Return the path of one page of a kind."""
    latest = (evidence / "latest").resolve()
    return {
        "index": evidence / "index.html",
        "run": evidence / f"report/runs/{latest.name}--{FAILING}.html",
        "notebook": next(evidence.glob("report/notebooks/03_*.html")),
        "history": evidence / "report/history/1.html",
        "command": latest / "index.html",
        "executed": latest / f"{PASSING}.html",
        "executed_failed": latest / f"{FAILING}.html",
    }[kind]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "kind",
    ["index", "run", "notebook", "history", "command", "executed", "executed_failed"],
)
def test_a_page_opens_from_its_file(
    evidence: Path, browser: Browser, kind: str, theme: Theme
) -> None:
    """No message in the console, no serious issue of accessibility, no part past the edge."""
    for name, width in WIDTHS.items():
        with opened(browser, page_of(evidence, kind), theme, width) as static:
            keep_screenshot(static.page, f"report_{kind}_{theme}_{name}")
            assert static.messages == []
            assert static.find_issues() == []
            assert static.find_wide_parts() == []


def test_the_themes_differ(evidence: Path, browser: Browser) -> None:
    """A dark system has a dark page: the style sheet is loaded, and follows it."""
    for kind in ("index", "command", "executed"):
        colours = []
        for theme in THEMES:
            with opened(browser, page_of(evidence, kind), theme, 1280) as static:
                script = "() => getComputedStyle(document.body).backgroundColor"
                colours.append(static.page.evaluate(script))
        assert colours[0] == "rgb(255, 255, 255)"
        assert colours[1] != colours[0]


def test_the_keyboard_reaches_everything(evidence: Path, browser: Browser) -> None:
    """The first key leads past the links; a cell of the matrix leads to run and notebook."""
    with opened(browser, page_of(evidence, "index"), "light", 1280) as static:
        page = static.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip-link"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.locator(".matrix a.fail").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/report/runs/*.html")
        page.get_by_role("link", name="Executed notebook", exact=True).click()
        page.wait_for_url(lambda url: "/report/" not in url)
        assert static.messages == []


def test_a_page_is_printed_in_light_colours(evidence: Path, browser: Browser) -> None:
    """A dark theme is not printed; nothing is cut at the edge of the paper."""
    with opened(browser, page_of(evidence, "index"), "dark", 1280) as static:
        static.page.emulate_media(media="print", color_scheme="dark")
        script = "() => getComputedStyle(document.body).backgroundColor"
        assert static.page.evaluate(script) == "rgb(255, 255, 255)"
        assert not static.page.locator("nav").first.is_visible()
        static.page.set_viewport_size({"width": 1040, "height": 720})
        script = "() => document.documentElement.scrollWidth <= window.innerWidth + 1"
        assert static.page.evaluate(script)
