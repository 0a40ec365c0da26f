"""A broker that does not take a run is unreachable."""

import time

import pytest

from securenet_obs.distributed.message import Message
from securenet_obs.distributed.sending import send
from securenet_obs.errors import UnreachableError
from securenet_obs.processes.ports import find_free_ports


def test_a_broker_that_is_away_is_unreachable() -> None:
    """The message has the variable that names it, and nothing of the URL."""
    message = Message("c", "c.1", "notebooks/a.ipynb", "", [], None, None, "", {}, time.time() + 60)
    with pytest.raises(UnreachableError, match="VALIDATION_BROKER_URL") as caught:
        send(f"redis://:hunter2@127.0.0.1:{find_free_ports(1)[0]}/0", message)
    assert "hunter2" not in str(caught.value)
