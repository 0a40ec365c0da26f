"""Generates harmless network records for a canary batch."""

from datetime import UTC, datetime, timedelta
from typing import Any


def generate_network_records(count: int) -> list[dict[str, Any]]:
    """Return `count` recent flows, one per second, between documentation addresses.

    RFC 5737 reserves these addresses for examples: no host has them.
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
