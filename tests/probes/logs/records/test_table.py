import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from securenet_obs.probes.logs.frame import log_frame
from securenet_obs.probes.logs.records.table import MAX_CANDIDATES, MAX_FIELDS, MAX_WIDTH

MIB = 1024 * 1024


def nest(leaves: int, levels: int, key: str) -> dict[str, Any]:
    """Return an object with many leaves below many levels."""
    inner: dict[str, Any] = {f"{number:x}": 0 for number in range(leaves)}
    for _ in range(levels):
        inner = {key: inner}
    return {"event": "e", "level": "info", "ctx": inner}


def dump(*records: object) -> str:
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)


def branch(width: int, depth: int) -> dict[str, Any]:
    return {f"{n:x}": branch(width, depth - 1) if depth else 0 for n in range(width)}


HOSTILE: dict[str, Callable[[], str]] = {
    "deep with wide leaves": lambda: dump(nest(55_000, 900, "k" * 549)),
    "long name, wide leaves": lambda: dump(nest(90_000, 1, "k" * 1000)),
    "long name, wide objects": lambda: dump(
        {"k" * 1000: {f"{n:x}": {"": n} for n in range(60_000)}}
    ),
    "long name, branching": lambda: dump({"k" * 900: branch(16, 3)}),
    "a name of 1 MB": lambda: dump({"k" * 1_000_000: {"a": {"b": 1}}}),
    "1,020 levels": lambda: '{"a":' * 1020 + "1" + "}" * 1020 + "\n",
    "levels, one leaf each": lambda: (
        "".join(f'{{"l{n}":0,"{"k" * 1000}":' for n in range(1000)) + "0" + "}" * 1000 + "\n"
    ),
    "wide": lambda: dump({f"{n:x}": 0 for n in range(100_000)}),
    "wide with a huge number": lambda: dump({f"{n:x}": 0 for n in range(80_000)} | {"n": 2**70}),
    "distinct keys in many lines": lambda: dump(*({f"{n:x}": n} for n in range(70_000))),
    "distinct dozens in many lines": lambda: dump(
        *({f"{n:x}-{m}": 0 for m in range(12)} for n in range(7_000))
    ),
    "distinct long prefixes": lambda: dump(
        *({f"{n:0128}": {f"{m:x}": 0 for m in range(128)}} for n in range(1_000))
    ),
    "few wide among empty ones": lambda: "{}\n" * 330_000 + dump({f"f{n}": 0 for n in range(256)}),
    "other keys in every line": lambda: dump(
        *({f"k{n}": 0 for n in range(12) if bits >> n & 1} for bits in range(1, 4096))
    ),
    "deep arrays": lambda: dump({"a": json.loads("[" * 900 + "]" * 900)}) * 400,
    "arrays of arrays": lambda: dump({"a": [[] for _ in range(300_000)]}),
    "arrays of objects": lambda: dump({"a": [{} for _ in range(300_000)]}),
    "huge numbers in an array": lambda: dump({"a": [2**70] * 45_000}),
    "huge numbers": lambda: dump(*({"a": 2**70} for _ in range(30_000))),
    "a huge text": lambda: dump({"a": "x" * (MIB - 100)}),
    "escapes": lambda: '{"a":"' + "\\u0041" * 170_000 + '"}\n',
    "duplicate keys": lambda: "{" + ",".join(['"a":0'] * 170_000) + "}\n",
    "duplicate objects": lambda: "{" + ",".join(['"a":{"b":0}'] * 90_000) + "}\n",
    "brackets": lambda: "[" * (MIB - 10) + "\n",
    "over the bound": lambda: '{"a":"' + "x" * MIB * 5 + '"}\n',
    "bad lines": lambda: "x\n" * 500_000,
    "numbers as lines": lambda: "1\n" * 500_000,
    "blank lines": lambda: "\n" * MIB,
}

# The peak of getrusage is that of the parent, if that is larger.
MEASURE = """
import sys
from pathlib import Path
from securenet_obs.probes.logs.frame import log_frame
from tests.costs import cost_of
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
log_frame(sys.argv[2])
before = peak()
print(cost_of(lambda: log_frame(sys.argv[1])), peak() - before)
"""
MAX_COST = 500
"""Bound on the time for 1 MiB, in units of about a step for each byte: ten times that of today.

A quadratic time would be thousands, for a file of half a million lines or a line of 1 MiB.
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("shape", HOSTILE)
def test_hostile_line_costs_little(tmp_path: Path, shape: str) -> None:
    """1 MiB of any shape costs less than 64 MiB, and a time that is linear in its bytes."""
    (tmp_path / "a.log").write_text(HOSTILE[shape]())
    (tmp_path / "small.log").write_text('{"a": 1}\n')
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "a.log"), str(tmp_path / "small.log")],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    cost, kibibytes = map(float, done.stdout.split())
    assert kibibytes < 64 * 1024
    assert cost < MAX_COST


def write(folder: Path, *records: object) -> Path:
    file = folder / "a.log"
    file.write_text(dump(*records))
    return file


def test_rarest_fields_are_kept_together(tmp_path: Path) -> None:
    """Fields beyond the maximum number are in one column, with their values; none is lost."""
    records = [{"n": number, f"k{number}": number} for number in range(MAX_CANDIDATES * 2)]
    frame = log_frame(write(tmp_path, *records)).frame
    assert len(frame.columns) < MAX_FIELDS + 10
    rest = frame["record.more"].dropna()
    kept = [name for name in frame.columns if name.startswith("k")]
    assert len(kept) + len(rest) == len(records)
    assert all(fields == {f"k{row}": row} for row, fields in rest.items())


def test_wide_record_keeps_every_value(tmp_path: Path) -> None:
    """A record with very many fields keeps time and level, and huge integers exactly."""
    wide = {f"k{number}": number for number in range(MAX_WIDTH * 3)}
    wide |= {"level": "error", "timestamp": "2026-11-23T04:05:06.123456Z", "id": 2**70}
    row = log_frame(write(tmp_path, wide, {"id": 1})).frame.loc[0]
    assert row["level"] == "error"
    assert row["timestamp"] == pd.Timestamp("2026-11-23T04:05:06.123456Z")
    own = {name: row[name] for name in wide.keys() & set(row.index)}
    assert (row["record.more"] | own).keys() == wide.keys()
    assert row["record.more"]["id"] == 2**70


def test_rare_field_of_a_long_log_keeps_its_column(tmp_path: Path) -> None:
    """A field of a single line has a column, as long as the frame is of a reasonable size."""
    records = [{f"f{n}": n for n in range(12)}] * 20_000 + [{"sentry_event_id": "e"}]
    frame = log_frame(write(tmp_path, *records)).frame
    assert frame["sentry_event_id"].iloc[-1] == "e"


@pytest.mark.parametrize(
    "record",
    [
        {"a.b": 1, "a": {"b": 2}},
        {"a": {"b": 2}, "a.b": 1},
        {"a": {"b": {"c": 1}, "b.c": 2}, "a.b": {"c": 3}, "a.b.c": 4},
        {"line": 1, "record.line": 2, "record": {"line": 3}},
        {"level": "WARN", "record.level": 2},
        {"timestamp": "noon", "record": {"timestamp": 2}},
        {"record.more": 1, "record": {"more": {"a": 2}}},
    ],
)
@pytest.mark.parametrize("copies", [1, 300])
def test_fields_of_one_name_are_all_kept(
    tmp_path: Path, record: dict[str, Any], copies: int
) -> None:
    """If a name is taken, the other values are in `record.more`; none replaces another."""
    frame = log_frame(write(tmp_path, *[{"x": 1}, record] * copies)).frame
    row = frame.loc[1].drop(["timestamp", "level", "file", "line", "x"])
    rest = row.pop("record.more")
    found = [*row.astype(object), *rest.values()]
    leaves = json.dumps(record).replace("}", "").replace(":", ",").split(", ")
    wanted = [leaf for leaf in leaves if leaf.isdigit() or leaf in ('"WARN"', '"noon"')]
    assert sorted(json.dumps(value, default=int) for value in found if value == value) == (
        sorted(wanted)
    )
