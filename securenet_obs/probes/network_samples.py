"""Harmless network records to send as a canary batch."""

from datetime import UTC, datetime, timedelta
from typing import Any


def sample_records(count: int) -> list[dict[str, Any]]:
    """Return `count` flows of the last minutes, one a second, between documentation addresses.

    The addresses are those that RFC 5737 sets aside for examples: they are nobody's.
    """
    now = datetime.now(UTC)
    return [
        {
            "timestamp": (now - timedelta(seconds=count - number)).isoformat(),
            "src_ip": f"192.0.2.{number % 250 + 1}",
            "src_port": 40_000 + number % 1_000,
            "dest_ip": "198.51.100.7",
            "dest_port": 443,
            "proto": "tcp",
            "bytes": 1_200 + 10 * (number % 7),
        }
        for number in range(count)
    ]
