"""Redaction of logs without secrets."""

import json
from pathlib import Path

import pytest

from tests.redaction import innocent


def test_few_values_of_innocent_logs_change(capsys: pytest.CaptureFixture[str]) -> None:
    """At most 0.2 % of the values change, and the command lists which."""
    if not innocent.DATA.is_dir():
        pytest.skip("there are no real logs beside the project (../shared/data)")
    status = innocent.main([])
    assert status == 0, capsys.readouterr().out


def test_a_changed_value_is_listed_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The place of a changed value is printed, and a share over the bound is exit status 1."""
    lines = [json.dumps({"user": {"password": "hunter2"}, "n": n}) for n in range(2)]
    (tmp_path / "a.json").write_text("\n".join(lines))
    assert innocent.main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "2 x a.json .user.password: 'hunter2' -> '[redacted]'" in printed
    assert "2 of 4 values change" in printed
