import pytest

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.errors.events import (
    ErrorEvent,
    normalise_event_id,
    parse_frames,
    parse_tags,
)

HEX = "0123456789abcdef0123456789abcdef"


def event(payload: dict[str, object]) -> ErrorEvent:
    return ErrorEvent(HEX, "E: x", "test", "r1", {}, [], payload)


@pytest.mark.parametrize("written", [HEX, HEX.upper(), "01234567-89ab-cdef-0123-456789abcdef"])
def test_event_ids_are_normalised(written: str) -> None:
    """Ids with dashes, without dashes and in upper case are the same id."""
    assert normalise_event_id(written) == HEX


@pytest.mark.parametrize("written", ["", "not an id", None, HEX[:-1]])
def test_invalid_event_id_is_not_found(written: str) -> None:
    """The SDK returns None for an event that it did not send."""
    with pytest.raises(NotFoundError, match="is not a valid event id"):
        normalise_event_id(written)


@pytest.mark.parametrize(
    "secret", ["plain", 'quote"and\\slash', "line\nfeed", "ünïcode €", "lone \ud800 surrogate"]
)
def test_text_is_found_despite_json_escapes(secret: str) -> None:
    """A text is found at any depth of the payload, with any characters."""
    found = event({"frames": [{"vars": {"token": f"x{secret}y"}}]})
    assert found.contains(secret)
    assert not event({"frames": []}).contains(secret)


def test_text_is_found_in_keys() -> None:
    """A text that is the name of a field is also found."""
    assert event({"s3cret": 1}).contains("s3cret")


def test_repr_omits_the_payload() -> None:
    """The repr omits payload and frames, which may contain unscrubbed secrets."""
    assert "planted" not in repr(event({"vars": "planted"}))


@pytest.mark.parametrize(
    "tags",
    [
        {"tenant_id": "acme", "n": 1},
        [["tenant_id", "acme"], ["n", 1]],
        [{"key": "tenant_id", "value": "acme"}, {"key": "n", "value": 1}, None],
    ],
)
def test_tags_are_parsed_to_a_dict(tags: object) -> None:
    """A dict, pairs, and objects with key and value have the same meaning."""
    assert parse_tags(tags) == {"tenant_id": "acme", "n": "1"}


@pytest.mark.parametrize("tags", [None, [], {}, "text"])
def test_missing_tags_are_an_empty_dict(tags: object) -> None:
    """An event without tags has an empty dict."""
    assert parse_tags(tags) == {}


def test_frames_have_one_format() -> None:
    """Frames of the SDK and of Sentry's API have the same result."""
    sent = {"function": "f", "filename": "a.py", "lineno": 7, "in_app": True}
    answered = {"function": "f", "filename": "a.py", "lineNo": 7, "inApp": True}
    first, second = parse_frames([{"stacktrace": {"frames": [sent, answered]}}])
    assert first == second
    assert first["lineno"] == 7


def test_exceptions_without_frames_add_none() -> None:
    """An exception without a stack trace adds no frame and raises no error."""
    assert parse_frames([{}, {"stacktrace": None}, {"stacktrace": {"frames": None}}]) == []
