"""Runs of one target have one name, whatever its ports, folders and the way it was named."""

import pytest

from securenet_obs.runner.comparison.target_name import name_target


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"name": "./staging.env"}, "staging.env"),
        ({"name": "envs/eu/staging.env"}, "envs/eu/staging.env"),
        ({"name": "environment", "ENVIRONMENT": "staging"}, "staging"),
        ({"name": "environment", "API_URL": "https://a"}, "environment (https://a)"),
        ({"name": "local stack run-1a2b3c4d"}, "local stack"),
        ({}, "unknown"),
    ],
)
def test_a_target_has_a_name(facts: dict[str, str], name: str) -> None:
    """Targets of the environment are told apart by deployment and address."""
    assert name_target(facts) == name
