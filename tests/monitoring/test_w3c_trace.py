"""Conversion between the headers of W3C and of Sentry."""

import pytest

from securenet_obs.monitoring.w3c_trace import format_traceparent, parse_traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("traceparent", "sentry_trace"),
    [
        (f"00-{TRACE}-{SPAN}-01", f"{TRACE}-{SPAN}-1"),
        (f"00-{TRACE}-{SPAN}-00", f"{TRACE}-{SPAN}-0"),
        (f"00-{TRACE}-{SPAN}-ff", f"{TRACE}-{SPAN}-1"),
        (f"01-{TRACE}-{SPAN}-01-more", f"{TRACE}-{SPAN}-1"),
    ],
)
def test_a_traceparent_is_read(traceparent: str, sentry_trace: str) -> None:
    """Only the last flag is the decision; a later version may have more fields."""
    assert parse_traceparent(traceparent) == sentry_trace


@pytest.mark.parametrize("other", [None, 7, "", f"ff-{TRACE}-{SPAN}-01", f"{TRACE}-{SPAN}-1"])
def test_what_is_no_traceparent_is_not_read(other: object) -> None:
    """Any program may send any header; test_asgi_headers.py has more of them."""
    assert parse_traceparent(other) is None


def test_a_decision_that_is_open_is_not_sampled() -> None:
    """W3C knows two values, Sentry three."""
    for decision, flags in (("-1", "01"), ("-0", "00"), ("", "00")):
        assert format_traceparent(f"{TRACE}-{SPAN}{decision}") == f"00-{TRACE}-{SPAN}-{flags}"
    for other in (None, "", "text", f"{TRACE}-{SPAN}-2", f"{TRACE}-{SPAN}-1\n"):
        assert format_traceparent(other) is None
