"""Events whose fields have types that a backend does not store."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.monitoring.sentry.delivery.event_limits import fit
from securenet_obs.monitoring.sentry.delivery.field_types import with_storable_types
from securenet_obs.probes.errors.bugsink import BugsinkEvents
from securenet_obs.settings import Settings
from securenet_obs.stack.local_stack import LocalStack
from tests.monitoring.sentry.program import BEGIN

TEXTS = ("environment", "logger", "message", "platform", "release", "server_name", "transaction")
MAPPINGS = ("contexts", "extra", "logentry", "request", "sdk", "user")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["values", "frames", "stacktrace", "name", "url", "lineno"]), inner
        )
    ),
    max_leaves=12,
)


def test_an_ordinary_event_is_the_same_object() -> None:
    """Nothing is copied."""
    frame = {"filename": "f.py", "function": "f", "lineno": 1, "module": "m"}
    event = {
        "transaction": "GET /x",
        "fingerprint": ["a"],
        "timestamp": "2026-01-02T03:04:05.6Z",
        "exception": {"values": [{"type": "E", "stacktrace": {"frames": [frame]}}]},
        "request": {"url": "http://x", "method": "GET"},
        "extra": {"n": 1},
    }
    assert with_storable_types(event) is event


@given(st.dictionaries(st.sampled_from([*TEXTS, *MAPPINGS, "fingerprint", "timestamp"]), VALUES))
def test_every_field_has_a_storable_type(parts: dict[str, Any]) -> None:
    """Texts, mappings, lists of texts and times, whatever a service has set."""
    event = fit({"event_id": "0" * 32, **parts})
    for name, value in event.items():
        if value is None:
            continue
        if name in TEXTS:
            assert type(value) is str
        elif name in MAPPINGS:
            assert type(value) is dict
        elif name == "fingerprint":
            assert all(type(text) is str for text in value)
        elif name == "timestamp" and type(value) is str:
            datetime.fromisoformat(value)


@given(VALUES)
def test_rows_and_frames_are_mappings(value: Any) -> None:
    """A row that is no mapping is left out; the names in a frame are texts."""
    rows = with_storable_types({"exception": {"values": [value, {"type": "E"}]}})["exception"]
    assert rows["values"][-1] == {"type": "E"}
    for row in rows["values"]:
        stack = row.get("stacktrace")
        if isinstance(stack, dict) and isinstance(stack.get("frames"), list):
            assert all(
                type(frame.get("lineno", 0)) in (int, type(None)) for frame in stack["frames"]
            )


@pytest.mark.stack
def test_a_real_bugsink_stores_them(run: Any, stack: LocalStack) -> None:
    """It answers 500 to each of these fields as they were given."""
    finished = run(
        BEGIN
        + """
    values = [True, 5, [[1]], {"a": 1}, "x"]
    parts = [{name: value} for name in ("transaction", "environment", "logger", "server_name",
             "dist", "platform", "message", "logentry", "request", "fingerprint", "timestamp")
             for value in values]
    frame = {"filename": 5, "function": [], "lineno": "x"}
    parts.append({"exception": {"values": [{"type": "E", "stacktrace": {"frames": [frame]}}]}})
    parts += [{"sdk": {"name": 5}}, {"request": {"url": 5, "method": []}}]
    for part in parts:
        event_id = sentry_sdk.capture_event({"message": "m", **part})
        flush_sentry(20)
        log.info("sent", id=event_id, part=str(part), status=delivery_status(event_id))
    """,
        **stack.environment,
    )
    sent = [line for line in finished.lines if line["event"] == "sent"]
    assert len(sent) == 58
    assert [line["part"] for line in sent if line["status"] != 200] == []
    fields = {name.lower(): value for name, value in stack.environment.items()}
    assert BugsinkEvents(Settings.model_validate(fields)).find(sent[-1]["id"], 10)
