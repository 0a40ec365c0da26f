"""Cost of network logs: parse, normalise and count, beside a bare loop and DuckDB's count.

    python tests/benchmarks/bench_network.py [--json FILE]

Logs in the formats of Suricata and Zeek have 200,000 lines each; 1 line in 997 is bad. DuckDB
counts events and bytes by minute, without addresses or quarantine. All calls use one core.
`convert` gives each record every field of ECS and its community id.
"""

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import orjson
from rounds import Row, Target, interleaved, report, rows

from securenet_obs.detection.network.conversion import convert
from securenet_obs.detection.network.counting.analysis import analyse

LINES, BAD_EVERY, ROUNDS, START = 200_000, 997, 5, 1_790_000_000
BARE, DUCKDB, COUNT, CONVERT = "an orjson loop", "DuckDB", "analyse", "convert"


def zeek(numbers: random.Random, number: int) -> dict[str, Any]:
    """Return a connection as Zeek logs it."""
    return {
        "ts": START + number / 50,
        "uid": f"C{numbers.getrandbits(60):x}",
        "id.orig_h": f"10.0.{number % 7}.{number % 200}",
        "id.orig_p": numbers.randrange(1024, 65_536),
        "id.resp_h": f"198.51.100.{numbers.randrange(250)}",
        "id.resp_p": 443,
        "proto": "tcp",
        "service": "ssl",
        "duration": numbers.random() * 30,
        "orig_bytes": numbers.randrange(100_000),
        "resp_bytes": numbers.randrange(10_000_000),
        "conn_state": numbers.choice(["SF", "S0", "REJ"]),
        "missed_bytes": 0,
        "history": "ShADadFf",
        "orig_pkts": 20,
        "orig_ip_bytes": 1_200,
        "resp_pkts": 30,
        "resp_ip_bytes": 44_000,
    }


def suricata(numbers: random.Random, number: int) -> dict[str, Any]:
    """Return a flow, or an alert, as Suricata logs it."""
    hours, seconds = divmod(number // 50, 3600)
    clock = f"{hours:02}:{seconds // 60:02}:{seconds % 60:02}"
    event = {
        "timestamp": f"2026-09-01T{clock}.{number % 1000:03}123+0000",
        "flow_id": numbers.getrandbits(50),
        "in_iface": "eth0",
        "event_type": "flow",
        "src_ip": f"10.0.{number % 7}.{number % 200}",
        "src_port": numbers.randrange(1024, 65_536),
        "dest_ip": f"198.51.100.{numbers.randrange(250)}",
        "dest_port": 443,
        "proto": "TCP",
        "app_proto": "tls",
        "flow": {
            "pkts_toserver": 20,
            "pkts_toclient": 30,
            "bytes_toserver": numbers.randrange(100_000),
            "bytes_toclient": numbers.randrange(10_000_000),
            "start": "2026-09-01T00:00:00.000000+0000",
        },
    }
    alert = {"action": "allowed", "gid": 1, "signature_id": 7, "signature": "S", "severity": 2}
    return event if number % 10 else {**event, "event_type": "alert", "alert": alert}


def write_log(
    path: Path, create: Callable[[random.Random, int], dict[str, Any]], lines: int = LINES
) -> None:
    """Write a log of one format."""
    numbers = random.Random(1)
    with path.open("wb") as file:
        for number in range(lines):
            line = orjson.dumps(create(numbers, number)) if number % BAD_EVERY else b"not JSON"
            file.write(line + b"\n")


def parse(path: Path) -> None:
    """Parse each line, and do nothing else."""
    with path.open("rb") as file:
        for line in file:
            with suppress(orjson.JSONDecodeError):
                orjson.loads(line)


def count_in_duckdb(path: Path, minute: str, sent: str, received: str) -> None:
    """Count events and bytes by minute."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    columns = f"{minute}, count(*), sum({sent}), sum({received})"
    lines = f"read_ndjson('{path}', ignore_errors = true)"
    connection.execute(f"SELECT {columns} FROM {lines} GROUP BY 1").fetchall()


def convert_all(path: Path) -> int:
    """Convert each record to ECS; return the number of lines."""
    return sum(1 for _ in convert([str(path)]))


FORMATS = {
    "Zeek": (zeek, ("ts // 60", "orig_bytes", "resp_bytes")),
    "Suricata": (
        suricata,
        ("CAST(timestamp AS VARCHAR)[:16]", "flow.bytes_toserver", "flow.bytes_toclient"),
    ),
}


def measured() -> Iterator[Row]:
    """Yield the rows of each format."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (create, columns) in FORMATS.items():
            path = Path(folder, name)
            write_log(path, create)
            found = analyse(path, by_minute=True)
            assert (found.lines, found.quarantined) == (LINES, LINES // BAD_EVERY + 1)
            calls: dict[str, Callable[[], object]] = {
                BARE: partial(parse, path),
                DUCKDB: partial(count_in_duckdb, path, *columns),
                COUNT: partial(analyse, path, by_minute=True),
                CONVERT: partial(convert_all, path),
            }
            times = interleaved(calls, ROUNDS)
            yield from rows(name, times, BARE, {(COUNT, BARE): Target(most=4.0)})


if __name__ == "__main__":
    report("network logs", measured())
