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
def test_event_ids_are_normal_however_written(written: str) -> None:
    """An id with dashes, without, or in upper case is the same id."""
    assert normalise_event_id(written) == HEX


@pytest.mark.parametrize("written", ["", "not an id", None, HEX[:-1]])
def test_no_event_id_is_not_found(written: str) -> None:
    """What is no event id is not found at once: the SDK returns None for what it did not send."""
    with pytest.raises(NotFoundError, match="is not a valid event id"):
        normalise_event_id(written)


@pytest.mark.parametrize(
    "secret", ["plain", 'quote"and\\slash', "line\nfeed", "ünïcode €", "lone \ud800 surrogate"]
)
def test_text_is_found_however_json_escapes_it(secret: str) -> None:
    """A text is found at any depth of the payload, whatever characters it has."""
    found = event({"frames": [{"vars": {"token": f"x{secret}y"}}]})
    assert found.contains(secret)
    assert not event({"frames": []}).contains(secret)


def test_text_is_found_in_keys() -> None:
    """A text that is the name of a field counts as contained."""
    assert event({"s3cret": 1}).contains("s3cret")


def test_repr_shows_no_payload() -> None:
    """The repr holds neither payload nor frames, where an unscrubbed secret would be."""
    assert "planted" not in repr(event({"vars": "planted"}))


@pytest.mark.parametrize(
    "tags",
    [
        {"tenant_id": "acme", "n": 1},
        [["tenant_id", "acme"], ["n", 1]],
        [{"key": "tenant_id", "value": "acme"}, {"key": "n", "value": 1}, None],
    ],
)
def test_tags_are_a_dict_however_sent(tags: object) -> None:
    """Tags come as a dict, as pairs, or as objects with key and value, and mean the same."""
    assert parse_tags(tags) == {"tenant_id": "acme", "n": "1"}


@pytest.mark.parametrize("tags", [None, [], {}, "text"])
def test_no_tags_are_an_empty_dict(tags: object) -> None:
    """An event without tags has none."""
    assert parse_tags(tags) == {}


def test_frames_have_one_spelling() -> None:
    """Frames as the SDK sends them and as Sentry's API answers them look the same."""
    sent = {"function": "f", "filename": "a.py", "lineno": 7, "in_app": True}
    answered = {"function": "f", "filename": "a.py", "lineNo": 7, "inApp": True}
    first, second = parse_frames([{"stacktrace": {"frames": [sent, answered]}}])
    assert first == second
    assert first["lineno"] == 7


def test_exceptions_without_frames_have_none() -> None:
    """An exception without a stack trace adds no frame, and stops nothing."""
    assert parse_frames([{}, {"stacktrace": None}, {"stacktrace": {"frames": None}}]) == []
