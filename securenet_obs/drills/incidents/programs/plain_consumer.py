"""Program of a consumer without SecureNet's lease, which holds messages until it is killed.

`python -m` with the queue, and the number of messages that it takes; REDIS_URL is the broker.
"""

import os
import sys
import time

from kombu import Connection

from securenet_obs.drills.incidents.faults.unacked_faults import HOLDS


def hold_messages(url: str, queue: str, count: int) -> None:
    """Take messages of a queue as kombu's own transport does, and never acknowledge them."""
    with Connection(url) as connection:
        channel = connection.channel()
        held = [channel.basic_get(queue, no_ack=False) for _ in range(count)]
        print(HOLDS if all(held) else "the queue has fewer messages", flush=True)
        while True:
            time.sleep(60)


if __name__ == "__main__":
    hold_messages(os.environ["REDIS_URL"], sys.argv[1], int(sys.argv[2]))
