"""The copy of the JUnit report at a path of its own."""

from pathlib import Path

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.evidence.junit_copy import copy_junit, remove_junit


def test_an_older_report_is_replaced(tmp_path: Path) -> None:
    """It goes first, so that a killed command leaves none; missing folders are made."""
    path = tmp_path / "reports" / "junit.xml"
    remove_junit(path)
    (tmp_path / "junit.xml").write_text("<testsuites/>")
    copy_junit(tmp_path, path)
    assert path.read_text() == "<testsuites/>"
    remove_junit(path)
    assert list(path.parent.iterdir()) == []


def test_a_path_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """The message has the path and the reason; also a report that is missing is one."""
    (tmp_path / "file").touch()
    with pytest.raises(EvidenceError, match=r"x\.xml: cannot be written: .* with --junit"):
        remove_junit(tmp_path / "file" / "x.xml")
    with pytest.raises(EvidenceError, match=r"x\.xml: cannot be written: No such file"):
        copy_junit(tmp_path, tmp_path / "x.xml")
