"""A notebook in JupyterLab in Chromium: runs cells, reads outputs, keeps screenshots."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from securenet_obs.runner.lab.stopping_client import PAUSE_S

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
"""The system's browser; empty without one."""

WIDTH, HEIGHT = 1280, 900
"""Pixels of a small laptop's screen."""

WAIT_MS = 120_000
"""How long a loaded machine may take for anything in the page."""

_SETTLE_MS = 5_000
"""How long the shared document of a new page may take until its cells are executed."""

SCREENSHOTS = Path(__file__).parents[2] / ".securenet" / "screenshots"
"""Folder of the screenshots; git ignores it."""

_WIDE = """() => [...document.querySelectorAll(
    'body, .jp-OutputArea-output, .jp-WindowedPanel-outer, .jp-RenderedMarkdown')]
  .filter((each) => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1)
  .map((each) => `${each.className}: ${each.innerText.slice(0, 80)}`)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's Chromium for the block, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def running_lab(folder: Path, *options: str) -> Iterator[str]:
    """Run `securenet-obs lab` in a folder for the block; yield the URL of its start page."""
    command = [*(sys.executable, "-m", "securenet_obs"), "lab", "--no-browser", *options]
    log = folder / "lab.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors)
    try:
        assert process.stdout is not None
        lines = (line.decode() for line in process.stdout)
        found = next((url for line in lines if (url := re.search(r"http\S+token=\S+", line))), None)
        assert found, log.read_text()
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=240)


class JupyterPage:
    """One notebook in a window of its own, as another person has it.

    Args:
        browser: the browser; the window shares nothing with others there.
        url: address of the notebook, with the token.
        height: pixels of the window; JupyterLab draws only the cells in it.
    """

    def __init__(self, browser: Browser, url: str, height: int = HEIGHT) -> None:
        context = browser.new_context(viewport={"width": WIDTH, "height": height})
        context.set_default_timeout(WAIT_MS)
        self.page: Page = context.new_page()
        self.page.goto(url)
        # Another page of the notebook may have left its kernel busy.
        self.page.get_by_text(re.compile(r"\(ipykernel\) \| (Idle|Busy)")).first.wait_for()
        # On a loaded machine *Run All* directly after this ran one cell, or none.
        self.page.wait_for_timeout(_SETTLE_MS)

    def close(self) -> None:
        """Close the window, whatever its kernel does."""
        self.page.context.close()

    def choose(self, menu: str, item: str) -> None:
        """Choose an item of a menu."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=menu).first.click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{item}$")).first.click()

    def run_all(self) -> None:
        """Run all cells, at a person's pace after a failed one."""
        self._pause()
        self.choose("Run", "Run All Cells")

    def cell(self, source: str) -> Locator:
        """Return the cell of code with a text in its source; other tabs are hidden."""
        cells = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
        return cells.filter(has=self.page.locator(".cm-content", has_text=source))

    def edit(self, source: str, replaced: str) -> None:
        """Replace the source of the cell with this text, as a person types."""
        content = self.cell(source).first.locator(".cm-content")
        content.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(replaced)

    def run_cell(self, source: str) -> None:
        """Run the cell with this text."""
        self._pause()
        self.cell(source).first.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def run_below(self, source: str) -> None:
        """Run the cell with this text and all below it; it is not the last."""
        self._pause()
        self.cell(source).first.locator(".cm-content").click()
        self.choose("Run", "Run Selected Cell and All Below")

    def _pause(self) -> None:
        # A loaded machine takes seconds to send, and refuse, the cells below a failed one.
        prompts = self.page.locator(".jp-InputPrompt", has_text="[*]")
        expect(prompts).to_have_count(0, timeout=WAIT_MS)
        self.page.wait_for_timeout(PAUSE_S * 1000)

    def wait_for(self, source: str, output: str) -> str:
        """Wait until a cell's output has a text; return the whole output."""
        outputs = self.cell(source).first.locator(".jp-OutputArea")
        expect(outputs.first).to_contain_text(output, timeout=WAIT_MS)
        return outputs.first.inner_text()

    def find_wide_parts(self) -> list[str]:
        """Return the parts that a reader would have to scroll sideways."""
        found: list[str] = self.page.evaluate(_WIDE)
        return found

    def find_prompts(self) -> list[str]:
        """Return the texts of dialogs and notifications."""
        return self.page.locator(".jp-Dialog, .Toastify__toast").all_inner_texts()

    def keep_screenshot(self, name: str) -> Path:
        """Keep a screenshot of the window."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path
