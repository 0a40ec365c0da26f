"""Reasons why a line is not JSON."""

import orjson
import pytest

from securenet_obs.probes.logs.records.rejection import explain_rejection


def explain(line: bytes) -> str:
    """Return the reason for a line that orjson refuses."""
    with pytest.raises(orjson.JSONDecodeError) as refused:
        orjson.loads(line)
    return explain_rejection(line, refused.value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": "\xff"}', "invalid UTF-8 at byte 8"),
        (b'{"a": "hunter2', "truncated line: the JSON ends at character 15"),
        (
            b'\0\0{"a": 1}',
            "2 NUL bytes at the beginning: the file was truncated while it was written",
        ),
        (b'{"a": [1, NaN]}', "NaN is not valid JSON"),
        (b'{"a": -Infinity}', "-Infinity is not valid JSON"),
        (b'{"a": "NaN", "b": hunter2}', "invalid JSON at character 19: "),
    ],
)
def test_the_reason_names_kind_and_place(line: bytes, reason: str) -> None:
    """Bytes, truncation, NUL bytes, constants and other flaws differ; the line is not quoted."""
    assert explain(line).startswith(reason)
    assert "hunter2" not in explain(line)


def test_a_nested_line_is_explained() -> None:
    """Nesting beyond Python's stack does not keep the reason from being found."""
    assert explain(b"[" * 100_000 + b"NaN").startswith(("invalid JSON", "truncated line"))
