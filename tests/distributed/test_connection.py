"""Broker and shared place of a target: its own variables, then those of the process."""

import pytest

from securenet_obs.addresses import invalid_addresses
from securenet_obs.distributed.connection import broker_url, evidence_url, run_variables
from securenet_obs.errors import SettingsError


@pytest.mark.parametrize(
    ("variables", "own", "expected"),
    [
        ({"REDIS_URL": "redis://host/4"}, "", "redis://host/6"),
        ({"REDIS_URL": "redis://host/4"}, "redis://own/0", "redis://own/0"),
        ({"VALIDATION_BROKER_URL": "redis://target/9"}, "redis://own/0", "redis://target/9"),
    ],
)
def test_the_broker_is_that_of_the_target(
    variables: dict[str, str], own: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default it is two databases after the target's queues."""
    monkeypatch.setenv("VALIDATION_BROKER_URL", own)
    assert broker_url(variables) == expected


@pytest.mark.parametrize("url", ["amqp://host/0", "redis://host:port/2", "redis:///2"])
def test_a_broker_that_is_no_redis_is_a_wrong_setting(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback ended the command, with the exit code of a failed check."""
    monkeypatch.setenv("VALIDATION_BROKER_URL", url)
    with pytest.raises(SettingsError, match="VALIDATION_BROKER_URL cannot be used: it"):
        broker_url({"REDIS_URL": "redis://host/4"})
    assert list(invalid_addresses({"VALIDATION_BROKER_URL": url})) == ["VALIDATION_BROKER_URL"]


def test_a_missing_place_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has an example of each kind."""
    monkeypatch.delenv("VALIDATION_EVIDENCE", raising=False)
    with pytest.raises(SettingsError, match=r"file:///.*s3://"):
        evidence_url({})
    assert evidence_url({"VALIDATION_EVIDENCE": " s3://bucket/x "}) == "s3://bucket/x"


def test_a_run_has_no_access_to_queue_and_place() -> None:
    """A notebook could change the evidence of others with them."""
    variables = {"API_URL": "x", "AWS_SECRET_ACCESS_KEY": "x", "VALIDATION_BROKER_URL": "x"}
    assert run_variables(variables) == {"API_URL": "x"}
