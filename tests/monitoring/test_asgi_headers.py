"""Headers of ASGI requests, and the trace that one of them continues."""

import pytest

from securenet_obs.monitoring.asgi_headers import add_sentry_trace, header_value, header_values

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def sentry_traces(*headers: tuple[bytes, bytes], kind: str = "http") -> list[bytes]:
    """Return the `sentry-trace` headers of a request with these headers."""
    scope = add_sentry_trace({"type": kind, "headers": list(headers)})
    return [value for name, value in scope["headers"] if name == b"sentry-trace"]


@pytest.mark.parametrize(
    ("sent", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", 1),
        (f"00-{TRACE}-{SPAN}-00", 0),
        (f"00-{TRACE}-{SPAN}-03", 1),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", 1),
    ],
)
def test_a_w3c_trace_is_continued(sent: str, sampled: int) -> None:
    """Trace id, span id and sampling flag are converted to `sentry-trace`."""
    traces = sentry_traces((b"traceparent", sent.encode()))
    assert traces == [f"{TRACE}-{SPAN}-{sampled}".encode()]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"text",
        f"ff-{TRACE}-{SPAN}-01".encode(),
        f"00-{'0' * 32}-{SPAN}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"00-{TRACE.upper()}-{SPAN}-01".encode(),
        f"00-{TRACE}-{SPAN}-01\n".encode(),
        f"00-{TRACE}-{SPAN}-0g".encode(),
    ],
)
def test_an_invalid_traceparent_is_ignored(sent: bytes) -> None:
    """A value that the W3C standard calls invalid is not used."""
    assert sentry_traces((b"traceparent", sent)) == []


def test_a_repeated_traceparent_is_ignored() -> None:
    """Two traceparent headers are ambiguous; a `sentry-trace` header takes precedence."""
    w3c = (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())
    assert sentry_traces(w3c, w3c) == []
    assert sentry_traces(w3c, (b"sentry-trace", b"sentry's own")) == [b"sentry's own"]
    assert sentry_traces(w3c, kind="websocket") == []


def test_a_repeated_header_has_several_values_and_no_single_one() -> None:
    """All values of a header are listed in order; only a header that is sent once has a value."""
    scope = {"headers": [(b"a", b"1"), (b"b", "é".encode("latin-1")), (b"a", b"2")]}
    assert header_values(scope, b"a") == ["1", "2"]
    assert [header_value(scope, name) for name in (b"a", b"b", b"c")] == [None, "é", None]
