import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.probes.celery.ages import (
    SENT_AT_HEADER,
    compute_held_s,
    compute_waiting_s,
    describe_age,
    find_longest,
)
from securenet_obs.workers.durations import SENT_HEADER


def test_probes_and_workers_use_the_same_header() -> None:
    """Probes share no code with the senders, so both define the header's name."""
    assert SENT_AT_HEADER == SENT_HEADER


def message(sent_at: object) -> bytes:
    return json.dumps({"body": "", "headers": {SENT_AT_HEADER: sent_at}}).encode()


def test_age_is_measured_from_sending() -> None:
    """The age is in seconds, and never negative if the sender's clock is ahead."""
    assert 60 <= compute_waiting_s(message(time.time() - 60)) < 70
    assert compute_waiting_s(message(time.time() + 3600)) == 0
    assert compute_held_s((b"tag", time.time() + 3600)) == 0


NOT_TIMES = (
    st.none() | st.booleans() | st.text() | st.just(math.inf) | st.just(10**400) | st.just([1.5])
)


@given(st.binary() | NOT_TIMES.map(message) | st.sampled_from([b"[]", b"1", b"null", b"{}"]))
def test_message_without_a_timestamp_has_no_age(foreign: bytes) -> None:
    """A message of another program has an unknown age and raises no error."""
    assert math.isnan(compute_waiting_s(foreign))


def test_missing_message_has_no_age() -> None:
    """An empty queue and an empty table of messages in flight have no age."""
    assert math.isnan(compute_waiting_s(None))
    assert math.isnan(compute_held_s([]))
    assert math.isnan(find_longest([math.nan]))
    assert find_longest([math.nan, 2.0, 1.0]) == 2.0


@pytest.mark.parametrize(
    ("seconds", "count", "words"),
    [
        (12.34, 3, "12.3 s"),
        (math.nan, 0, "none"),
        (math.nan, 2, "unknown: no header securenet_sent_at"),
    ],
)
def test_age_text_never_contains_nan(seconds: float, count: int, words: str) -> None:
    """Unknown and missing ages are formatted as words."""
    assert describe_age(seconds, count) == words
