"""Names of the Redis lists of a queue."""

SEPARATOR = "\x06\x16"
PRIORITIES = ("", f"{SEPARATOR}3", f"{SEPARATOR}6", f"{SEPARATOR}9")


def list_queue_keys(queue: str) -> list[str]:
    """Return the Redis lists of one queue: Celery keeps one for each priority step."""
    return [queue + suffix for suffix in PRIORITIES]
