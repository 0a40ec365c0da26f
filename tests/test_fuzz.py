"""The search for new examples: findings are printed, kept, and part of the exit status."""

import textwrap
from pathlib import Path

import pytest

from tests import fuzz
from tests.guided import Target

CONFTEST = """
from pathlib import Path
from tests import searching
searching.KEPT = Path(__file__).parent
searching.register_profiles()
"""

TESTS = """
from hypothesis import given, strategies as st

@given(st.integers())
def test_holds(number: int) -> None:
    assert number == number

@given(st.integers())
def test_is_wrong(number: int) -> None:
    assert number != 77 and number < 1000

def test_searches_nothing() -> None:
    assert False
"""


@pytest.fixture
def tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a test that passes, one that fails, and one without a search."""
    monkeypatch.setattr(fuzz, "KEPT", tmp_path / "kept")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_a.py").write_text(textwrap.dedent(TESTS))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_finding_is_printed_and_kept(
    tests: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report has the example, and how to reproduce and pin it."""
    monkeypatch.delenv("CI", raising=False)
    assert fuzz.main(["--seconds", "0", "."]) == 1
    (report,) = (tests / "kept").iterdir()
    printed = capsys.readouterr().out
    assert f"FOUND SOMETHING: read {report}" in printed
    for text in (printed, report.read_text()):
        assert "number=1000" in text
        assert "--hypothesis-profile=fuzz test_a.py::test_is_wrong\n" in text
        assert "@example" in text
        assert "test_searches_nothing" not in text
    assert list((tests / "examples").iterdir()) != []


def test_a_finding_does_not_fail_ci(
    tests: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault that is older than the change is reported, and the change passes."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(fuzz, "fuzz", lambda _paths, _seconds: [tests / "found.log"])
    monkeypatch.setattr(fuzz, "search_readers", lambda _seconds: [])
    assert fuzz.main([]) == 0
    assert "FOUND SOMETHING" in capsys.readouterr().out


def test_a_test_that_failed_is_left_out_of_later_rounds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The remaining time is for the other tests."""
    rounds: list[list[str]] = []

    def search(tests: list[str]) -> tuple[set[str], str]:
        rounds.append(tests)
        return set(tests[:1]), ""

    monkeypatch.setattr(fuzz, "KEPT", tmp_path)
    monkeypatch.setattr(fuzz, "collected", lambda _paths: ["a", "b", "c"])
    monkeypatch.setattr(fuzz, "search", search)
    assert len(fuzz.fuzz([], 60)) == 3
    assert rounds == [["a", "b", "c"], ["b", "c"], ["c"]]


def test_a_finding_in_a_reader_is_kept(
    tests: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report has the input, and it is part of the exit status."""

    def check(data: bytes) -> None:
        assert b"bad" not in data

    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(fuzz, "TARGETS", {"one": Target(check, [b"a bad input"], tests)})
    report = fuzz.search_reader("one", 60)
    assert report is not None
    assert "TARGETS['one'].check(\nb'a bad input')" in report.read_text()
    monkeypatch.setattr(fuzz, "fuzz", lambda _paths, _seconds: [])
    monkeypatch.setattr(fuzz, "search_readers", lambda _seconds: [report])
    assert fuzz.main([]) == 1
    assert f"FOUND SOMETHING: read {report}" in capsys.readouterr().out


def test_a_search_without_tests_is_an_error(
    tests: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A search that ran no test fails, also in CI."""
    monkeypatch.setenv("CI", "true")
    (tests / "test_a.py").write_text("def test_a() -> None: pass\n")
    assert fuzz.main(["."]) == 3
    assert "No test of hypothesis was found" in capsys.readouterr().err
