"""States of Redis: named by the code of its answer, without a value, and logged once a minute."""

import pytest
from kombu.exceptions import OperationalError
from redis import exceptions
from redis.connection import DefaultParser
from structlog.testing import capture_logs

from securenet_obs.workers import refusals
from securenet_obs.workers.refusals import RefusalLog, name_refusal

ANSWERS = {
    "READONLY You can't write against a read only replica.": "READONLY",
    "LOADING Redis is loading the dataset in memory": "LOADING",
    "MISCONF Redis is configured to save RDB snapshots, but": "MISCONF",
    "NOPERM this user has no permissions to run the 'set' command": "NOPERM",
    "OOM command not allowed when used memory > 'maxmemory'.": "OOM",
    "BUSY Redis is busy running a script.": "BUSY",
    "ERR max number of clients reached": "maxclients",
    "WRONGPASS invalid username-password pair or user is disabled.": "NOAUTH or WRONGPASS",
    "NOAUTH Authentication required.": "NOAUTH or WRONGPASS",
    "CLUSTERDOWN The cluster is down": "CLUSTERDOWN",
    "MASTERDOWN Link with MASTER is down": "MASTERDOWN",
    "TRYAGAIN Multiple keys request during rehashing of slot": "TRYAGAIN",
    "NOREPLICAS Not enough good replicas to write.": "NOREPLICAS",
    "UNBLOCKED force unblock from blocking operation": "UNBLOCKED",
    "ERR Error running script (call to f_0a): @user_script:2: -READONLY You can't": "READONLY",
    "ERR unknown command 'secret-value'": "ResponseError",
}
"""Answer of Redis -> its name."""


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_named_by_its_code(answer: str) -> None:
    """Directly, and wrapped by kombu."""
    error = DefaultParser.parse_error(answer)
    assert name_refusal(error) == ANSWERS[answer]
    wrapped = OperationalError("")
    wrapped.__cause__ = error
    assert name_refusal(wrapped) == ANSWERS[answer]


def test_an_error_that_is_no_answer_is_named_by_its_class() -> None:
    """Its message may contain an address."""
    assert name_refusal(ConnectionRefusedError("10.0.0.1")) == "ConnectionRefusedError"
    assert name_refusal(exceptions.TimeoutError("READ from 10.0.0.1")) == "TimeoutError"


def test_a_state_is_logged_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a state that comes and goes; its end is logged if its beginning was."""
    now = 1000.0
    monkeypatch.setattr(refusals.time, "monotonic", lambda: now)
    log, error = RefusalLog("unavailable", "available"), exceptions.ReadOnlyError()
    with capture_logs() as lines:
        for _ in range(600):
            log.refuse(error)
            now += 0.25
        log.accept()
        log.accept()
        log.refuse(error)
        log.accept()
    events = [(line["event"], line.get("for_s", line.get("after_s"))) for line in lines]
    assert events == [
        ("unavailable", 0.0),
        ("unavailable", 60.0),
        ("unavailable", 120.0),
        ("available", 150.0),
    ]
