import json
from pathlib import Path

from securenet_obs.authoring.recording import KEY, compute_digest, read_digest, record_digest
from tests.authoring.conftest import MakePage


def test_the_digest_is_that_of_the_code(make_page: MakePage) -> None:
    """It is written into the metadata, and nothing else of the file changes."""
    page = make_page()
    before = json.loads(page.path.read_text())
    record_digest(page.path)
    after = json.loads(page.path.read_text())
    digest = read_digest(after["metadata"])
    assert digest == compute_digest(cell.source for cell in page.code)
    del after["metadata"][KEY]
    assert after == before


def test_every_change_of_code_is_another_digest() -> None:
    """Also one that moves text from a cell to the next."""
    assert len({compute_digest(rows) for rows in (["a", "b"], ["ab"], ["b", "a"], [])}) == 4
    assert read_digest({}) == read_digest({KEY: "text"}) == ""


def test_the_package_records_named_files(make_page: MakePage, tmp_path: Path) -> None:
    """`python -m securenet_obs.authoring FILE` is the step of `make record`."""
    import runpy
    import sys

    page = make_page()
    arguments, sys.argv = sys.argv, ["authoring", str(page.path)]
    try:
        runpy.run_module("securenet_obs.authoring", run_name="__main__")
    finally:
        sys.argv = arguments
    assert read_digest(json.loads(page.path.read_text())["metadata"])
