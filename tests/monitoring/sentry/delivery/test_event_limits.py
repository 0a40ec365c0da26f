"""Events that a backend would refuse are cut and stored."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentry_sdk.utils import json_dumps

from securenet_obs.monitoring.sentry.delivery.event_limits import (
    MAX_EVENT_BYTES,
    fit,
)
from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from securenet_obs.probes.errors.bugsink import BugsinkEvents
from securenet_obs.settings import Settings
from securenet_obs.stack.local_stack import LocalStack
from tests.monitoring.sentry.delivery.oversized import SHAPES
from tests.monitoring.sentry.program import BEGIN

SEND = """
    from tests.monitoring.sentry.delivery.oversized import SHAPES
    for name, send in SHAPES.items():
        sentry_sdk.get_global_scope().set_tag("shape", name)
        send()
        flush_sentry(20)
    lost = lost_events()
    lost.pop("attachment: send_error", None)
    assert lost == {}, lost
"""

TEXTS = st.text(st.characters(exclude_categories=()), max_size=40)
# The SDK has converted NaN and infinities to texts.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=25,
)


def an_event(**parts: Any) -> dict[str, Any]:
    """Return an ordinary event, with other parts."""
    frame = {"filename": "f.py", "function": "f", "lineno": 1, "module": "m"}
    error = {"type": "E", "value": "v", "stacktrace": {"frames": [frame] * 5}}
    return {"event_id": "0" * 32, "level": "error", "exception": {"values": [error]}, **parts}


def test_an_ordinary_event_is_unchanged() -> None:
    """Nothing is cut, converted or added."""
    event = an_event(tags={"a": "b"}, extra={"n": [1, 1.5, None, {"é": "\t"}]})
    assert fit(event) == event


@given(VALUES, TEXTS)
def test_any_value_becomes_storable(value: Any, name: str) -> None:
    """The JSON is strict, has neither surrogates nor NUL, and is within the limit."""
    event = an_event(extra={name: value}, tags={name: value}, logentry={"message": name})
    data = json.dumps(fit(event), allow_nan=False)
    assert len(data) <= MAX_EVENT_BYTES
    json.loads(data).__repr__().encode()
    assert "\\u0000" not in data


@pytest.mark.slow
@given(VALUES, st.integers(3_000, 50_000))
def test_any_event_fits(value: Any, limit: int) -> None:
    """Whichever part is large, the event fits, and keeps its id and its exception's type."""
    event = an_event(extra={str(n): value for n in range(500)}, contexts={"x": [value] * 500})
    fitted = fit(event, limit)
    assert len(json_dumps(fitted)) <= limit
    assert fitted["event_id"] == "0" * 32
    assert fitted["exception"]["values"][-1]["type"] == "E"


def test_the_most_important_parts_are_kept() -> None:
    """The last breadcrumb, exception and frame remain; a tag marks the event as truncated."""
    crumbs = [{"message": f"{number} {'m' * 5_000}"} for number in range(1_000)]
    frames = [{"function": f"f{number}", "filename": "x" * 300} for number in range(3_000)]
    errors = [{"type": f"E{n}", "stacktrace": {"frames": frames}} for n in range(30)]
    fitted = fit(
        an_event(
            breadcrumbs={"values": crumbs},
            exception={"values": errors},
            tags={"service": "svc"},
        )
    )
    assert fitted["breadcrumbs"]["values"][-1]["message"].startswith("999 ")
    assert fitted["exception"]["values"][-1]["type"] == "E29"
    assert fitted["exception"]["values"][-1]["stacktrace"]["frames"][-1]["function"] == "f2999"
    assert fitted["tags"] == {"service": "svc", "truncated": "true"}


def test_names_have_a_storable_length() -> None:
    """Columns and tags are cut to the lengths that Sentry and Bugsink store."""
    fitted = fit(an_event(release="r" * 999, environment="e" * 999, tags={"k" * 99: "v\n" * 999}))
    assert len(fitted["release"]) == 200
    assert len(fitted["environment"]) == 64
    ((name, value),) = fitted["tags"].items()
    assert (len(name), len(value), "\n" in value) == (32, 200, False)


@pytest.mark.slow
def test_every_shape_is_sent_within_the_limit(run: Any, sentry: SentryRecorder) -> None:
    """Each error is sent once, in an event that the backends store."""
    finished = run(BEGIN + SEND, SENTRY_DSN=sentry.dsn)
    assert finished.code == 0, finished.stderr
    assert [event["tags"]["shape"] for event in sentry.events] == list(SHAPES)
    for event in sentry.events:
        assert len(json.dumps(event)) < 1_000_000
        json.dumps(event, ensure_ascii=False).encode()


def test_what_is_kept_of_a_mapping(run: Any, sentry: SentryRecorder) -> None:
    """A key without a text does not cost its neighbours."""
    run(
        BEGIN
        + """
    from tests.monitoring.sentry.delivery.oversized import SHAPES
    SHAPES["keys without a text"]()
    """,
        SENTRY_DSN=sentry.dsn,
    )
    (event,) = sentry.events
    assert event["contexts"]["c"]["kept"] == 2
    assert set(string.ascii_letters) & set(event["tags"]["t"])


@pytest.mark.slow
@pytest.mark.stack
def test_every_shape_is_stored(run: Any, stack: LocalStack) -> None:
    """A real Bugsink accepts and stores every one of these errors."""
    listing = """
    from securenet_obs.monitoring.sentry.events import before_send as module
    fit = module.fit
    def noted(event):
        log.info("sent", id=event["event_id"])
        return fit(event)
    module.fit = noted
    """
    finished = run(BEGIN + listing + SEND, **stack.environment)
    assert finished.code == 0, finished.stderr
    ids = [line["id"] for line in finished.lines if line["event"] == "sent"]
    assert len(ids) == len(SHAPES)
    reader = BugsinkEvents(Settings.model_validate(dict_of(stack)))
    for name, event_id in zip(SHAPES, ids, strict=True):
        assert reader.find(event_id, 10).tags["shape"] == name


def dict_of(stack: LocalStack) -> dict[str, str]:
    """Return the stack's variables as fields of settings."""
    return {name.lower(): value for name, value in stack.environment.items()}
