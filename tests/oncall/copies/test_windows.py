"""A stream is read in windows that cut no secret, and are together all of its bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from securenet_obs.oncall.copies import windows
from securenet_obs.oncall.copies.spelled import Spelled
from securenet_obs.oncall.copies.windows import read_time, read_windows

SECRET = "secret-4711"
SPELLED = Spelled({"KEY": SecretStr(SECRET)})


@given(
    st.lists(st.sampled_from([SECRET.encode(), b"line\n", b"x", b"secret"]), max_size=30),
    st.integers(1, 70),
)
def test_every_secret_is_in_one_window(parts: list[bytes], chunk: int) -> None:
    """Wherever a read ends, the offsets and the lines are those of the whole."""
    data = b"".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "_CHUNK", chunk)
        found = list(read_windows(io.BytesIO(data), SPELLED))
    assert b"".join(window.data for window in found) == data
    places = [
        (window.base + match.start, window.number_line(match))
        for window in found
        for match in window.matches
    ]
    expected = [
        (match.start, 1 + data.count(b"\n", 0, match.start)) for match in SPELLED.find(data)
    ]
    assert places == expected


def test_the_time_is_that_of_the_line() -> None:
    """The one before the secret, else the one behind it, never another line's."""
    first, second = "2026-11-27T07:00:00", "2026-11-27T08:00:00"
    for text, time in (
        (f"{first} x\n{second} {SECRET} {first}", f"{second}Z"),
        (f"{first}\n{SECRET} at {second}\n{first}", f"{second}Z"),
        (f"{first}\n{SECRET}\n{second}", ""),
    ):
        (match,) = SPELLED.find(text.encode())
        assert read_time(text.encode(), match) == time
