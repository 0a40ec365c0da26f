"""The fault of a leaked key is there in its block, and leaves no copy after it."""

import pytest
from pydantic import SecretStr

from securenet_obs.drills.incidents.faults.leaks import leak_key
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack


@pytest.mark.slow
def test_the_key_is_in_the_log_in_the_block_only(stack: LocalStack) -> None:
    """A worker with redaction runs then, also if no runbook has purged the key."""
    keys = Settings(api_keys=SecretStr(stack.environment["API_KEYS"])).tenant_keys
    key = keys["tenant-b"].get_secret_value()
    log = stack.parts["worker"].log
    with leak_key(stack):
        leaking = stack.parts["worker"]
        assert log.read_text().count(key) == 1
    assert key not in log.read_text()
    assert stack.parts["worker"] is not leaking
    assert stack.parts["worker"].is_running()
