"""A run in JupyterLab survives its closed page, and stops at a failed cell."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.jupyter_page import CHROMIUM, JupyterPage, chromium, running_lab
from tests.waiting import eventually

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not on the PATH"),
]

SLOW = """import time
from pathlib import Path
print("begun")
while not Path("{folder}/go").exists():
    time.sleep(0.1)
print("ended")"""
LATER = "from pathlib import Path; Path('{folder}/later').touch(); print('later')"
FAILING = """count = globals().get("count", 0) + 1
raise RuntimeError(f'stop here, run {count}')"""


def write_notebook(path: Path, *sources: str) -> None:
    """Write a notebook with these cells of code."""
    folder = path.parents[1]
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source.replace("{folder}", str(folder)),
            "execution_count": None,
            "outputs": [],
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        json.dumps(
            {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        )
    )


@dataclass(frozen=True)
class Lab:
    """A running `lab` whose notebooks have a slow and a failing cell."""

    folder: Path
    url: str
    browser: Browser

    def open(self, name: str) -> JupyterPage:
        """Open a notebook in a window of its own."""
        return JupyterPage(self.browser, self.url.replace("00_start_here", name))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Yield a JupyterLab for a target without parts."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "target.env").write_text("ENVIRONMENT=tests")
    for name, cells in (
        ("00_start_here", ["1"]),
        ("slow", [SLOW, LATER]),
        ("failing", [FAILING, *[LATER] * 8]),
    ):
        write_notebook(folder / "runbooks" / f"{name}.ipynb", *cells)
    options = ("--target", "target.env", "--root", str(folder))
    with running_lab(folder, *options) as url, chromium() as browser:
        yield Lab(folder, url, browser)


@pytest.mark.slow
def test_a_closed_page_loses_no_output(lab: Lab) -> None:
    """Neither of the cell that ran nor of one that waited; a second person sees them, too."""
    page = lab.open("slow")
    page.run_all()
    page.wait_for("begun", "begun")
    page.close()
    (lab.folder / "go").touch()
    assert eventually((lab.folder / "later").exists, 60)
    for _ in ("the same person", "a second one"):
        again = lab.open("slow")
        assert again.wait_for("begun", "ended").split() == ["begun", "ended"]
        assert again.wait_for("later", "later").split() == ["later"]
        assert again.find_prompts() == []
    again.edit("later", "print(Path)")
    again.run_cell("print(Path)")
    again.wait_for("print(Path)", "<class 'pathlib")
    (lab.folder / "later").unlink()


@pytest.mark.slow
def test_a_failed_cell_stops_the_run(lab: Lab) -> None:
    """No cell below it runs, also if it fails before the page has sent them; nothing asks why."""
    page = lab.open("failing")
    for count in (1, 2):
        page.run_all()
        page.wait_for("stop here", f"run {count}")
    page.edit("later", "print('by hand')")
    page.run_cell("by hand")
    page.wait_for("by hand", "by hand")
    assert not (lab.folder / "later").exists()
    assert page.find_prompts() == []
