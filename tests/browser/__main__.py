"""Follows two runbooks in real Chromium, from the look to the green check (`make browser`)."""

import re
import shlex
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from securenet_obs.drills.incidents import INCIDENTS
from securenet_obs.stack import LocalStack, serving_requests
from tests.browser.jupyter_page import JupyterPage, chromium, running_lab

PROJECT = Path(__file__).parents[2]
TALL = 3000
"""Pixels of a window that shows most of a runbook."""

PAGES = {
    "notebooks/00_start_here.ipynb": "checks.conclude",
    "runbooks/00_start_here.ipynb": "page.show_validations",
}
"""Start page -> text of its last cell."""

TYPED = {
    "more-arrivals-than-service": """queue: str = "logs"
window_s: float = 4.0
longest_drain_s: float = 60.0
grow_by: int = 7
""",
    "worker-gone": """worker: str = ""
deadline_s: float = 15.0
""",
}
"""Incident to mend -> the parameters that the person types."""

CONFIRM = """confirm: str = ""
i_am: str = "the person at the page"
"""
ACT, VERIFY = "runbook.act(", "runbook.verify("
"""Texts of the cells with the action and with the verification."""


def main() -> None:
    """Show the start pages, and mend each incident in the browser."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalStack(cache=PROJECT / ".securenet", ephemeral=True) as stack,
        chromium() as browser,
    ):
        target = Path(folder) / "target.env"
        lines = (
            f"{name}={shlex.quote(value)}" for name, value in stack.environment.items() if value
        )
        target.write_text("\n".join(lines))
        with running_lab(Path(folder), "--target", str(target), "--root", str(PROJECT)) as url:
            for path, last in PAGES.items():
                _show(browser, url, path, last)
            for name in TYPED:
                _mend(browser, url, stack, name)


def _open(browser: Browser, url: str, path: str) -> JupyterPage:
    return JupyterPage(browser, re.sub(r"/lab/tree/\S+\.ipynb", f"/lab/tree/{path}", url), TALL)


def _show(browser: Browser, url: str, path: str, last: str) -> None:
    page = _open(browser, url, path)
    page.run_all()
    page.wait_for(last, "")
    page.cell(last).locator(".jp-OutputArea-output").first.wait_for()
    _finish(page, path.split("/", maxsplit=1)[0] + "_start_here")


def _mend(browser: Browser, url: str, stack: LocalStack, name: str) -> None:
    """Inject an incident; look, confirm in the cell, and see the verification turn green.

    A second person who opens the notebook sees the same.
    """
    incident = INCIDENTS[name]
    with incident.fault(stack), serving_requests(stack):
        page = _open(browser, url, f"runbooks/{incident.runbook}.ipynb")
        page.edit("confirm: str", TYPED[name] + CONFIRM)
        page.run_all()
        dry_run = page.wait_for(ACT, "DRY RUN")
        page.keep_screenshot(f"{incident.runbook}_dry_run")
        digest = re.search(r'confirm="(\w+)"', dry_run)
        assert digest, dry_run
        page.edit(ACT, f'runbook.act(confirm="{digest[1]}")')
        page.run_below(ACT)
        # By then every check of the verification is shown.
        page.wait_for("runbook.conclude", "no step is open")
        verified = page.wait_for(VERIFY, "passed")
        assert "failed" not in verified, verified
        second = _open(browser, url, f"runbooks/{incident.runbook}.ipynb")
        assert second.wait_for(VERIFY, "passed") == verified
        second.wait_for(ACT, "DONE")
        second.close()
        _finish(page, f"{incident.runbook}_verified")


def _finish(page: JupyterPage, name: str) -> None:
    path = page.keep_screenshot(name)
    wide, prompts = page.find_wide_parts(), page.find_prompts()
    page.close()
    assert not wide, wide
    assert not prompts, prompts
    print(f"{name}: {path}")


if __name__ == "__main__":
    main()
