"""Cost of a log line: the limit, structlog bare, ours, the seed's chain, ProcessorFormatter.

    python tests/benchmarks/bench_logging.py [--json FILE]

Every chain writes JSON lines to a file of its own, with the same ids in its context.
"""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import structlog
from rounds import Row, Target, interleaved, report, rows
from structlog.contextvars import bind_contextvars, merge_contextvars

from securenet_obs.monitoring import configure_structlog
from securenet_obs.monitoring.logs import json_line
from securenet_obs.monitoring.logs.output.line_output import LineOutput
from securenet_obs.settings import Settings

IDS = {
    "request_id": "0b7de9f2c4a94c9d9a3cf3f3d1f0e6aa",
    "tenant_id": "acme",
    "trace_id": "f3d1f0e6aa0b7de9f2c4a94c9d9a3cf3",
    "span_id": "9a3cf3f3d1f0e6aa",
}
SMALL: dict[str, Any] = {"records": 1250, "duration_ms": 12.5, "queue": "network-logs"}
RECORD = {"src_port": 49152, "proto": "tcp", "bytes": 8120, "flags": ["S", "A"], "score": 0.97}
NESTED: dict[str, Any] = {
    **SMALL,
    "batch": {"window": {"from": 1, "to": 60}, "records": [{**RECORD, "n": n} for n in range(12)]},
    "by_host": {f"web-{n}": {"flows": n, "alerts": [n, n + 1]} for n in range(8)},
}
SECRET: dict[str, Any] = {**SMALL, "url": "redis://:hunter2@cache/0", "password": "hunter2"}
HARMLESS: dict[str, Any] = {**SMALL, "url": "redis://cache-hunter2/0", "passenger": "hunter2"}
EVENTS = {"small event": SMALL, "nested event": NESTED, "event with a secret": SECRET}

LIMIT, BARE, OURS = "orjson and one write", "structlog bare native", "securenet-obs"
UNREDACTED, FOREIGN = "securenet-obs, unredacted", "securenet-obs, stdlib logger"
SEED = "the seed's chain"
WITHOUT_SECRET = "securenet-obs, the same without secrets"
FORMATTER = "ProcessorFormatter"


def _limit(file: Path) -> Callable[..., object]:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    process = {"level": "info", "logger": "bench", "service": "s", "environment": "e"}

    def write(event: str, **fields: Any) -> None:
        line = {"timestamp": "2026-11-23T04:00:00.123456Z", "event": event, **process, **IDS}
        os.write(descriptor, orjson.dumps({**line, **fields}) + b"\n")

    return write


def _bare(file: Path) -> Any:
    return structlog.wrap_logger(
        structlog.BytesLogger(file.open("ab")),
        processors=[
            merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


def _ours(file: Path) -> Any:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    configure_structlog(Settings(environment="benchmark"), LineOutput(descriptor))
    return structlog.get_logger("securenet.bench")


def _stdlib(name: str, file: Path, formatter: logging.Formatter) -> logging.Logger:
    handler = logging.StreamHandler(file.open("a"))
    handler.setFormatter(formatter)
    logger = logging.getLogger(name)
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    return logger


def _seed(file: Path, render: list[Any], formatter: logging.Formatter, name: str) -> Any:
    return structlog.wrap_logger(
        _stdlib(name, file, formatter),
        processors=[
            structlog.stdlib.filter_by_level,
            merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            *render,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def chains(folder: Path) -> dict[str, Any]:
    """Return the log method of each chain; each chain writes to a file of its own."""
    bind_contextvars(**IDS)
    ours = _ours(folder / "ours")
    json_renderer = structlog.processors.JSONRenderer(serializer=json.dumps)
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, json_renderer]
    )
    wrap = structlog.stdlib.ProcessorFormatter.wrap_for_formatter
    return {
        LIMIT: _limit(folder / "limit"),
        BARE: _bare(folder / "bare"),
        OURS: ours,
        SEED: _seed(folder / "seed", [json_renderer], logging.Formatter("%(message)s"), "seed"),
        FORMATTER: _seed(folder / "formatter", [wrap], formatter, "formatter"),
    }


def _unredacted(log_call: Callable[..., object]) -> Callable[..., None]:
    """Return our chain with only redaction disabled."""
    search = json_line.search

    def call(event: str, **fields: Any) -> None:
        json_line.search = lambda _: []
        log_call(event, **fields)
        json_line.search = search

    return call


def _calls(loggers: dict[str, Any], fields: dict[str, Any]) -> dict[str, Callable[[], object]]:
    event = "anomaly_detection_finished"
    foreign = logging.getLogger("theirs")
    calls: dict[str, Callable[[], object]] = {}
    for name, logger in loggers.items():
        log_call = getattr(logger, "info", logger)
        calls[name] = lambda log_call=log_call: log_call(event, **fields)
    unredacted = _unredacted(loggers[OURS].info)
    calls[UNREDACTED] = lambda: unredacted(event, **fields)
    if fields is SECRET:
        calls[WITHOUT_SECRET] = lambda: loggers[OURS].info(event, **HARMLESS)
    calls[FOREIGN] = lambda: foreign.info(event, extra=fields)
    return calls


def measured(folder: Path) -> Iterator[Row]:
    """Yield the rows of the whole benchmark."""
    loggers = chains(folder)
    whole = {(OURS, BARE): Target(most=1.3), (SEED, OURS): Target(least=2.5)}
    for case, fields in EVENTS.items():
        targets = {
            "small event": whole,
            "nested event": {(OURS, UNREDACTED): Target(most=1.6)},
            "event with a secret": {(OURS, WITHOUT_SECRET): Target(most=3)},
        }
        times = interleaved(_calls(loggers, fields))
        yield from rows(case, times, BARE, targets.get(case))
    filtered = {name: logger.debug for name, logger in loggers.items() if name != LIMIT}
    calls = {
        name: lambda log_call=log_call: log_call("detail", **SMALL)
        for name, log_call in filtered.items()
    }
    yield from rows("filtered-out debug", interleaved(calls), BARE)


def main() -> None:
    """Measure all chains, print the table and write the JSON."""
    with tempfile.TemporaryDirectory() as folder:
        report("logging", measured(Path(folder)))


if __name__ == "__main__":
    main()
