"""A static page in Chromium, opened from its file: console, accessibility, width, screenshots."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.jupyter_page import SCREENSHOTS

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTHS = {"laptop": 1280, "phone": 390}
HEIGHT = 850

SERIOUS = frozenset({"serious", "critical"})

_PAST_THE_EDGE = """() => [...document.querySelectorAll('body *')]
  .filter((each) => !each.closest('.scroll, .jp-OutputArea-output, .skip-link, svg'))
  .filter((each) => each.getBoundingClientRect().right > window.innerWidth + 1)
  .map((each) => `${each.tagName} ${each.className}: ${(each.innerText || '').slice(0, 60)}`)"""


@dataclass(frozen=True)
class StaticPage:
    """A page in one theme and width, with the messages of its console so far."""

    page: Page
    messages: list[str]

    def find_issues(self) -> list[str]:
        """Return the serious issues of accessibility, each with its first element."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{issue['id']}, {len(issue['nodes'])} times: {issue['nodes'][0]['html'][:160]}: "
            f"{issue['nodes'][0]['failureSummary']}"
            for issue in found
            if issue["impact"] in SERIOUS
        ]

    def find_wide_parts(self) -> list[str]:
        """Return the parts past the right edge, except in regions that scroll by themselves."""
        found: list[str] = self.page.evaluate(_PAST_THE_EDGE)
        return found


@contextmanager
def opened(
    browser: Browser, path: Path, theme: Literal["light", "dark"], width: int
) -> Iterator[StaticPage]:
    """Open a file for the block, without a network."""
    size = {"width": width, "height": HEIGHT}
    context = browser.new_context(viewport=size, color_scheme=theme, offline=True)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        messages: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("requestfailed", lambda request: messages.append(f"failed: {request.url}"))
        page.goto(path.as_uri())
        yield StaticPage(page, messages)
    finally:
        context.close()


def keep_screenshot(page: Page, name: str) -> Path:
    """Keep a screenshot of the whole page; return its path."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
