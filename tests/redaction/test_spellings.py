"""Encodings of a secret are found in encoded bytes, and correspond to those of its mask."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.redaction.spellings import find_encodings, find_escapes

SECRETS = st.binary(min_size=8, max_size=40)


@given(SECRETS, st.binary(max_size=5), st.binary(max_size=5))
def test_one_of_the_encodings_is_in_every_base64(raw: bytes, before: bytes, after: bytes) -> None:
    """Whatever stands before and behind it, and in both alphabets."""
    encodings = set(find_encodings(raw))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + raw + after).decode()
        assert any(encoding in text for encoding in encodings)


@given(SECRETS, st.data())
def test_values_of_one_length_have_encodings_of_the_same_lengths(
    raw: bytes, data: st.DataObject
) -> None:
    """So the encoding of a mask can replace that of the secret in place."""
    other = data.draw(st.binary(min_size=len(raw), max_size=len(raw)))
    lengths = [[len(text) for text in find_encodings(value)] for value in (raw, other)]
    assert lengths[0] == lengths[1]


def test_json_within_json_is_among_the_escapes() -> None:
    """A result in Redis is JSON, and a log line about it is JSON again."""
    assert {'a"b', 'a\\"b', 'a\\\\\\"b', "a%22b", "a&quot;b"} <= set(find_escapes('a"b'))
