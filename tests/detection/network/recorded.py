"""Recorded logs of real sensors, which lie beside the project and are not part of it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[4] / "shared" / "data"

needs_recorded_logs = pytest.mark.skipif(
    not (DATA / "netlogs").is_dir(), reason="the recorded network logs are not on this machine"
)
needs_ecs = pytest.mark.skipif(
    not (DATA / "ecs").is_dir(), reason="the fields of ECS are not on this machine"
)


def recorded_logs() -> list[Path]:
    """Return all recorded logs."""
    folders = (DATA / "netlogs", DATA / "jsonlogs")
    files = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in files if path.suffix in {".gz", ".json", ".jsonl", ".log", ".ndjson"}]


def content(path: Path) -> bytes:
    """Return the decompressed content of a log."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def items(name: str) -> list[Any]:
    """Return the objects of a log of JSON lines, by its name in the folder of network logs."""
    lines = content(DATA / "netlogs" / name).splitlines()
    return [json.loads(line) for line in lines if line.strip()]
