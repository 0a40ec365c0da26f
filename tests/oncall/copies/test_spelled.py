"""Secrets are found in every spelling, and masks keep the length and decode."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from securenet_obs.oncall.copies.spelled import Spelled
from securenet_obs.redaction.spellings import find_encodings, find_escapes

VALUE = 'snk_"quoted" & päss/word+1'
SPELLED = Spelled({"KEY": SecretStr(VALUE), "OTHER": SecretStr("another-secret-2")})


def test_every_spelling_is_found_and_masked() -> None:
    """The mask has as many bytes, and contains no spelling any more."""
    for spelling in (*find_escapes(VALUE), *find_encodings(VALUE.encode())):
        data = b"before " + spelling.encode() + b" after"
        assert [match.secret for match in SPELLED.find(data)] == ["KEY"]
        masked = SPELLED.mask(data, "KEY")
        assert (len(masked), list(SPELLED.find(masked))) == (len(data), [])
        assert masked.startswith(b"before ")
        assert masked.endswith(b" after")


@given(st.text(max_size=9), st.text(max_size=9))
def test_a_masked_message_decodes_to_its_neighbours(before: str, after: str) -> None:
    """The body of a queued task is base64 of JSON, and stays one."""
    body = json.dumps([before, "another-secret-2", after]).encode()
    masked = base64.b64decode(SPELLED.mask(base64.b64encode(body), "OTHER"))
    assert json.loads(masked) == [before, "a**************2", after]


def test_the_other_secret_stays() -> None:
    """A purge is confirmed for one secret."""
    data = VALUE.encode() + b" another-secret-2"
    assert SPELLED.mask(data, "KEY").endswith(b" another-secret-2")
    assert "another" not in SPELLED.mask_all("x another-secret-2")


def test_its_repr_has_no_value() -> None:
    """Neither that of a match."""
    (match,) = SPELLED.find(b"another-secret-2")
    assert repr(SPELLED) == "Spelled(KEY, OTHER)"
    assert "another" not in repr(match)
