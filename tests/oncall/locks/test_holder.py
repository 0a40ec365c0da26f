"""A holder is read back as it was written; its process is known by host, pid and start."""

import os
from dataclasses import replace

import pytest

from securenet_obs.oncall.locks.holder import Holder


def test_a_holder_survives_its_text() -> None:
    """All of it, and its text has the user, the time and the runbook."""
    holder = Holder.here("Ann", "worker_is_gone")
    assert Holder.parse(holder.to_text()) == holder
    assert holder.describe() == f"Ann acts since {holder.since} (worker_is_gone)"


@pytest.mark.parametrize("text", [b"", b"1", b"[]", b"\xff", b'{"who": "Ann"}', b'{"x": 1}'])
def test_any_other_text_is_an_unknown_user(text: bytes) -> None:
    """The lock is held, by an unknown user."""
    assert Holder.parse(text).who == "an unknown user"
    assert not Holder.parse(text).has_ended()


def test_only_a_process_of_this_host_is_known_to_have_ended() -> None:
    """A pid that was used again is another process."""
    holder = Holder.here("Ann", "r")
    assert holder.pid == os.getpid()
    assert not holder.has_ended()
    assert replace(holder, started="another").has_ended()
    assert not replace(holder, started="another", host="elsewhere").has_ended()


def test_the_lock_ends_a_quarter_of_an_hour_after_it_was_taken() -> None:
    """In the form of the time since which it is held; that of an unknown user is unknown."""
    holder = replace(Holder.here("Ann", "r"), since="2026-11-27T23:50:30Z")
    assert holder.ends_at == "2026-11-28T00:05:30Z"
    assert Holder.parse(b"x").ends_at == "an unknown time"
