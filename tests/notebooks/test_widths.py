"""Notebooks in a real browser: nothing is wider than its window."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from securenet_obs.runner.evidence.pages import html_page

ROOT = Path(__file__).parents[2]
NOTEBOOKS = [
    path for folder in ("notebooks", "runbooks") for path in (ROOT / folder).glob("*.ipynb")
]
WIDTH = 1280
"""Pixels of a small laptop's screen."""
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

MEASURE = """<script>
onload = () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument;
    const wide = [...page.querySelectorAll("html, pre, table, td, .jp-OutputArea-output, img")]
      .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0
        || each.getBoundingClientRect().right > WIDTH);
    found[frame.title] = [page.body.innerText.length,
                          wide.map((each) => `${each.tagName} ${each.innerText.slice(0, 80)}`)];
  }
  document.body.innerText = "RESULT" + JSON.stringify(found) + "RESULT";
};
</script>"""


def measure(pages: dict[str, str], folder: Path) -> dict[str, tuple[int, list[str]]]:
    """Return the length of each page's text, and its parts that are wider than their place."""
    frames = "".join(
        f'<iframe title="{name}" width={WIDTH} height=800 srcdoc="{html.escape(page)}"></iframe>'
        for name, page in pages.items()
    )
    file = folder / "all.html"
    script = MEASURE.replace("WIDTH", str(WIDTH))
    file.write_text(f"<!doctype html><meta charset=utf-8><body>{frames}{script}</body>")
    assert BROWSER is not None
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [
            *command,
            f"--user-data-dir={folder}/profile",
            f"--window-size={WIDTH + 50},900",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    result = re.search(r"RESULT(\{.*\})RESULT", html.unescape(done.stdout))
    assert result is not None, done.stdout[-500:]
    return {name: (length, wide) for name, (length, wide) in json.loads(result[1]).items()}


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="chromium is not on the PATH")
def test_no_part_of_a_notebook_is_wider_than_1280_pixels(tmp_path: Path) -> None:
    """A reader never scrolls sideways; an unbroken line of preformatted text is found."""
    pages = {path.stem: html_page(path.stem, json.loads(path.read_text())) for path in NOTEBOOKS}
    first = next(iter(pages.values()))
    pages["wide"] = first.replace("white-space: pre-wrap", "white-space: pre").replace(
        "</main>", f"<pre>{'x' * 500}</pre></main>"
    )
    measured = measure(pages, tmp_path)
    assert measured.keys() == pages.keys()
    assert min(length for length, _ in measured.values()) > 1000
    assert measured.pop("wide")[1]
    assert {name: wide for name, (_, wide) in measured.items() if wide} == {}
