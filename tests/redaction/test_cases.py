"""Lines that leaked, or that were spoilt, by each way into the redactor."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from securenet_obs.monitoring import filter_sensitive_data
from securenet_obs.redaction import MASK, redact
from securenet_obs.redaction.stream import redact_stream
from tests.redaction.table import MARKED, TEXTS

LINES = [text for text in TEXTS if "\n" not in text]


def by_command(text: str) -> str:
    """Return a text after `securenet-obs redact`."""
    command = [sys.executable, "-m", "securenet_obs", "redact"]
    return subprocess.run(
        command, input=text.encode(), capture_output=True, check=True
    ).stdout.decode()


def by_stream(text: str) -> str:
    """Return a text after the redaction of a stream."""
    sink = io.BytesIO()
    redact_stream(io.BytesIO(text.encode()), sink)
    return sink.getvalue().decode()


def by_walk(text: str) -> str:
    """Return a text after the walk of a value that holds it."""
    clean: Any = redact({"a": [text]})
    return str(clean["a"][0])


def by_sentry(text: str) -> str:
    """Return a text of an event after the hook of Sentry's SDK."""
    event = filter_sensitive_data({"extra": {"a": text}, "breadcrumbs": {"values": []}}, {})
    assert event is not None
    return str(event["extra"]["a"])


@pytest.mark.parametrize("way", [by_stream, by_walk, by_sentry])
def test_each_line_is_masked_or_kept_by_each_way(way: Callable[[str], str]) -> None:
    """The stream, the walk and the Sentry hook agree on every line of the table."""
    expected = [MARKED.sub(MASK, line) for line in LINES]
    assert [way(MARKED.sub(r"\1", line)) for line in LINES] == expected


def test_the_command_masks_and_keeps_the_same() -> None:
    """`securenet-obs redact` agrees on every line of the table, in one run."""
    before = "\n".join(MARKED.sub(r"\1", line) for line in LINES)
    assert by_command(before).splitlines() == [MARKED.sub(MASK, line) for line in LINES]


def test_arguments_of_the_process_are_masked_in_an_event() -> None:
    """Sentry's SDK sends `sys.argv` with every event."""
    arguments = ["celery", "worker", "--broker-password", "topsecret99", "-u", "bob"]
    event = filter_sensitive_data({"extra": {"sys.argv": arguments}}, {})
    assert event is not None
    assert event["extra"]["sys.argv"] == [*arguments[:3], MASK, *arguments[4:]]
    line = json.dumps({"extra": {"sys.argv": arguments}})
    assert "topsecret99" not in by_stream(line)
