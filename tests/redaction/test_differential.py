"""Comparison with another scanner."""

import re

import pytest

from tests.redaction import differential
from tests.redaction.differential import Finding


@pytest.mark.slow
def test_at_most_a_twentieth_of_its_findings_remains(capsys: pytest.CaptureFixture[str]) -> None:
    """Of generated secrets of every rule of the scanner, at most 5 % remain; each is listed."""
    status = differential.main(["--per-rule", "3"])
    printed = capsys.readouterr().out.splitlines()
    assert status == 0, "\n".join(printed)
    found = re.match(r"(\d+) rules, (\d+) secrets", printed[-1])
    assert found is not None
    assert int(found[1]) > 300
    assert int(found[2]) > 1000


def test_a_secret_that_remains_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without redaction every finding remains."""
    found = Finding("rule", "key = hunter2", "hunter2")
    monkeypatch.setattr(differential, "redact_text", lambda text: text)
    monkeypatch.setattr(differential, "findings", lambda *_: [found])
    assert differential.remains(found)
    assert differential.main(["--per-rule", "1"]) == 1
