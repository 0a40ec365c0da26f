"""The lists of a queue are those that kombu itself uses."""

from kombu import Connection

from securenet_obs.probes.celery.queue_keys import list_queue_keys


def test_each_priority_step_has_a_list() -> None:
    """A message of any priority is in one of them."""
    with Connection("redis://127.0.0.1:1") as connection:
        channel = connection.transport.Channel
        steps = channel.priority_steps
        keys = [f"logs{channel.sep}{step}" if step else "logs" for step in steps]
    assert list_queue_keys("logs") == keys
