"""JupyterLab in real Chromium: the start page of on-call."""

import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from securenet_obs.stack import LocalStack
from tests.browser.jupyter_page import CHROMIUM, JupyterPage, chromium, running_lab
from tests.waiting import eventually

PROJECT = Path(__file__).parents[2]
START = "runbooks/00_start_here.ipynb"
pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not on the PATH"),
]


@dataclass(frozen=True)
class Lab:
    """A running `lab`: the folder of its call, and the URL of its start page."""

    folder: Path
    url: str


@pytest.fixture
def lab(stack: LocalStack, tmp_path: Path) -> Iterator[Lab]:
    """Yield a JupyterLab for the session's stack."""
    variables = {name: value for name, value in stack.environment.items() if value}
    lines = (f"{name}={shlex.quote(value)}" for name, value in variables.items())
    (tmp_path / "target.env").write_text("\n".join(lines))
    with running_lab(tmp_path, "--target", "target.env", "--root", str(PROJECT)) as url:
        yield Lab(tmp_path, url)


def read_status() -> str:
    """Return the state of the project's files for git."""
    command = ["git", "status", "--porcelain", "notebooks", "runbooks"]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_on_call_starts_at_its_page(lab: Lab) -> None:
    """All cells run without a question and without a sideways scroll; the project stays clean."""
    before = read_status()
    assert f"/lab/tree/{START}?" in lab.url
    with chromium() as browser:
        page = JupyterPage(browser, lab.url, height=2400)
        page.run_all()
        page.wait_for("page.show_validations", "no run is on record")
        assert "workers that answer within 1 s" in page.cell("page.glance").inner_text()
        assert page.page.locator("a", has_text="worker_is_gone").count()
        assert (page.find_prompts(), page.find_wide_parts()) == ([], [])
        page.choose("File", "Save Notebook")
        copies = list(lab.folder.glob(f".securenet/lab/*/{START}"))
        assert eventually(lambda: "no run is on record" in copies[0].read_text(), 60)
        page.keep_screenshot("on_call")
    assert read_status() == before
