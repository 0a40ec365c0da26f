"""The quarantine of imported files, and its replay."""

import gzip
import json
import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from securenet_obs.detection.network import rejudging
from securenet_obs.detection.network.batch import OVERFLOW, normalise_batch
from securenet_obs.detection.network.counting import analysis, places
from securenet_obs.detection.network.counting.minutes import MAX_OCTETS
from securenet_obs.detection.network.readers import rereading, streams
from securenet_obs.detection.network.readers.entries import WHOLE
from securenet_obs.detection.network.readers.ranges import divide, ranges_at
from securenet_obs.detection.network.stored import file_quarantine
from securenet_obs.detection.network.stored.file_quarantine import (
    FILE_CHANGED,
    FILE_GONE,
    NO_PLACES,
    NOT_KEPT,
    FileReplay,
    replay_file,
    waiting_files,
)
from securenet_obs.detection.network.stored.minutes import count_batch
from securenet_obs.detection.network.stored.quarantine import list_quarantined, store_quarantined
from securenet_obs.detection.network.stored.ranges import begin, digest_of
from securenet_obs.store import LogFile, NetworkMinute, ensure_tenant, session_scope
from tests.detection.network.stored.test_ranges import deliver, minutes_of
from tests.detection.network.test_records import ZEEK
from tests.searching import examples

NEW_TIME = "in a new form"


def line_of(item: Any) -> bytes:
    """Return a line of JSON; NaN in it is not JSON yet."""
    return json.dumps(item).encode()


NEW = ZEEK | {"ts": NEW_TIME}
NOT_YET = {"id.orig_h": "10.9.9.9", "_path": "conn", "ts": ZEEK["ts"], "x": float("nan")}
KINDS = {
    "record": line_of(ZEEK),
    "record of another minute": line_of(ZEEK | {"ts": 1.6e9, "orig_bytes": 7}),
    "blank": b" ",
    "unknown shape": line_of({"time": 1.6e9, "k": 1}),
    "not JSON yet": line_of(NOT_YET),
    "time that is not read yet": line_of(NEW),
    "time in an envelope": line_of({"Records": [ZEEK, NEW, "text"]}),
    "array that is not JSON yet": line_of([NOT_YET, NEW, "text", {"time": 1.6e9, "n": 2}]),
    "empty array in no JSON yet": b"EMPTY",
    "array": line_of([1, ZEEK]),
    "not JSON": b"bad",
    "not UTF-8": b"\xff\0",
    "Zeek header": b"#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring",
    "Zeek row": b"1588205199.5\tC1",
}


class Newer:
    """The normaliser after it was mended."""

    def __init__(self) -> None:
        self._before = metrics_normaliser()

    def normalise(self, item: Any) -> Any:
        """Return the record; the new form of time is read."""
        is_new = isinstance(item, dict) and item.get("ts") == NEW_TIME
        return self._before.normalise({**item, "ts": ZEEK["ts"]} if is_new else item)

    def divide(self, items: Any) -> Any:
        """Divide records as before."""
        return self._before.divide(items)


metrics_normaliser = analysis.metrics_normaliser


def loads(raw: bytes) -> Any:
    """Parse JSON as after a change: NaN is read, and a word for nothing."""
    if raw.strip() == b"EMPTY":
        return []
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            return json.loads(raw)
        except ValueError:
            raise orjson.JSONDecodeError("", "", 0) from None


@contextmanager
def mended(what: str = "lines and times") -> Iterator[None]:
    """Read the new form of time, and lines that were not JSON; a replay has small ranges."""
    with pytest.MonkeyPatch.context() as change:
        change.setattr(rereading, "divide", lambda path: divide(path, 150))
        for module in (analysis, rejudging) if "times" in what else ():
            change.setattr(module, "metrics_normaliser", Newer)
        if "lines" in what:
            newer = SimpleNamespace(loads=loads, JSONDecodeError=orjson.JSONDecodeError)
            change.setattr(streams, "orjson", newer)
        yield


def import_file(path: Path, tenant_id: str = "acme", cuts: list[int] | None = None) -> None:
    """Do what the tasks of an import do."""
    parts = [WHOLE] if cuts is None else list(ranges_at(path.read_bytes(), cuts))
    with session_scope() as session:
        begin(session, tenant_id, digest_of(path), len(parts), str(path))
    for part in parts:
        deliver(path, tenant_id, part)


def replay(path: Path, tenant_id: str = "acme") -> FileReplay:
    """Replay the quarantine of a file."""
    return replay_file(tenant_id, digest_of(path))


def state_of(path: Path, tenant_id: str = "acme") -> tuple[str, list[Any]]:
    """Return the result and the minutes of a file that was imported alone."""
    with session_scope() as session:
        result = session.get_one(LogFile, (tenant_id, digest_of(path))).result
    assert result is not None
    assert result["records"] + result["quarantined"] + result["blank"] == result["lines"]
    assert result["quarantined"] == sum(result["reasons"].values())
    return json.dumps(result, sort_keys=True), minutes_of(tenant_id)


def waiting(tenant_id: str | None = "acme") -> list[tuple[Any, ...]]:
    """Return source, line, offset, place and reason of what is in quarantine."""
    names = ("source", "line", "offset", "place", "reason")
    with session_scope() as session:
        rows = list_quarantined(session, tenant_id, 5000)
    return [tuple(row[name] for name in names) for row in rows]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log with each kind of line."""
    path = tmp_path / "log"
    path.write_bytes(b"\n".join([*KINDS.values(), b""]))
    return path


def test_lines_of_files_are_listed_beside_items_of_batches(log: Path, empty_store: str) -> None:
    """With file, line, offset, place and reason; a batch has no offset."""
    log.write_bytes(b'{"time": 1600000000}\nbad \xc3\n' + KINDS["time in an envelope"] + b"\n")
    import_file(log)
    with session_scope() as session:
        store_quarantined(session, "acme", "t", normalise_batch(["text"]))
    assert waiting() == [
        ("batch", 0, None, 0, "not an object"),
        ("file", 2, 21, 0, "not UTF-8"),
        ("file", 3, 27, 1, "invalid timestamp"),
        ("file", 3, 27, 2, "not an object"),
    ]
    assert waiting("globex") == []
    with session_scope() as session:
        rows = list_quarantined(session, "acme", 2)
    assert [(row["name"], row["sample"]) for row in rows] == [
        ("t", '"text"'), (str(log), "bad \ufffd"),
    ]  # fmt: skip


def test_a_replay_is_an_import_by_the_mended_reader(log: Path, empty_store: str) -> None:
    """Result, minutes and list are equal, in one step and in many; later replays change nothing."""
    with mended():
        import_file(log, "newer")
    listed = waiting("newer")
    expected = state_of(log, "newer")
    for tenant_id, chunk in (("acme", 20_000), ("by-steps", 1)):
        import_file(log, tenant_id, cuts=[30, 500, 1500])
        assert state_of(log, tenant_id) != expected
        before = len(waiting(tenant_id))
        with mended(), pytest.MonkeyPatch.context() as change:
            change.setattr(file_quarantine, "CHUNK", chunk)
            outcome = replay(log, tenant_id)
            assert state_of(log, tenant_id) == expected
            assert (outcome.remaining, outcome.problem) == (len(listed), "")
            assert outcome.replayed > 0 < outcome.remaining < before
            assert replay(log, tenant_id) == outcome._replace(replayed=0)
        assert state_of(log, tenant_id) == expected
        assert waiting(tenant_id) == listed


@given(
    st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=30),
    st.sampled_from([[], ["lines"], ["times"]]),
    st.integers(0, 2**32),
)
@examples(20, hostile=True)
def test_any_log_is_replayed_exactly(
    sqlite_store: Path, tmp_path: Path, kinds: list[str], stages: list[str], seed: int
) -> None:
    """Whatever lines it has, in two stages, or at once: as if the mended reader had read it."""
    numbers = random.Random(seed)
    path = tmp_path / f"log-{numbers.getrandbits(64)}"
    data = b"\n".join(KINDS[kind] for kind in kinds) + b"\n" * numbers.randrange(2)
    path.write_bytes(data)
    cuts = sorted(numbers.sample(range(1, len(data)), min(2, len(data) - 1)))
    old, new = f"old-{path.name}", f"new-{path.name}"
    import_file(path, old, cuts)
    with mended():
        import_file(path, new)
    for stage in (*stages, "lines and times"):
        with mended(stage):
            replay(path, old)
    assert state_of(path, old) == state_of(path, new)


def test_replays_at_once_count_each_item_once(log: Path, empty_store: str) -> None:
    """Of four, all together add what one would have added."""
    import_file(log)
    import_file(log, "alone")
    with mended():
        expected = replay(log, "alone")
        with pytest.MonkeyPatch.context() as change, ThreadPoolExecutor(4) as pool:
            change.setattr(file_quarantine, "CHUNK", 2)
            outcomes = list(pool.map(lambda _: replay(log), range(4)))
            outcomes.append(replay(log))
    assert sum(outcome.replayed for outcome in outcomes) == expected.replayed
    assert state_of(log) == state_of(log, "alone")


def test_a_replay_without_a_change_writes_nothing(log: Path, empty_store: str) -> None:
    """All items stay."""
    import_file(log)
    before, listed = state_of(log), waiting()
    assert replay(log) == FileReplay(str(log), 0, len(listed), "")
    assert (state_of(log), waiting()) == (before, listed)
    with session_scope() as session:
        assert session.get_one(LogFile, ("acme", digest_of(log))).replays == 0


def test_a_compressed_file_is_replayed(tmp_path: Path, empty_store: str) -> None:
    """It is unpacked from its start; a document is read as a whole."""
    for name, data in (("a.gz", b"\n".join(KINDS.values())), ("b.gz", b'[{"a": 1},\n"b"]')):
        path = tmp_path / name
        path.write_bytes(gzip.compress(data))
        import_file(path, name)
        before = len(waiting(name))
        with mended():
            outcome = replay(path, name)
            import_file(path, f"new-{name}")
        assert (outcome.problem, outcome.remaining) == ("", len(waiting(f"new-{name}")))
        assert before > 0
        assert state_of(path, name) == state_of(path, f"new-{name}")


def moved(path: Path) -> None:
    """Rename the file."""
    path.rename(path.with_name("moved"))


def rotated(path: Path) -> None:
    """Let another file have the name."""
    path.write_bytes(path.read_bytes().replace(b"bad", b"BAD"))


def grown(path: Path) -> None:
    """Append a line."""
    with path.open("ab") as file:
        file.write(b"{}\n")


def piped(path: Path) -> None:
    """Let a pipe that has no writer take its place."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [(moved, FILE_GONE), (rotated, FILE_CHANGED), (grown, FILE_CHANGED), (piped, FILE_GONE)],
)
def test_without_its_original_a_file_keeps_its_items(
    change: Callable[[Path], None], problem: str, log: Path, sqlite_store: Path
) -> None:
    """The outcome names the reason; an import of the same content elsewhere is a way out."""
    import_file(log)
    digest, content = digest_of(log), log.read_bytes()
    listed = waiting()
    change(log)
    with mended():
        assert replay_file("acme", digest) == FileReplay(str(log), 0, len(listed), problem)
        assert waiting() == listed
        again = log.with_name("again")
        again.write_bytes(content)
        import_file(again)
        assert waiting() == listed
        outcome = replay(again)
    assert (outcome.path, outcome.problem) == (str(again), "")
    assert outcome.replayed > 0


def test_a_file_that_changes_meanwhile_is_refused(log: Path, sqlite_store: Path) -> None:
    """What was read of it does not count."""
    import_file(log)
    digest, before = digest_of(log), state_of(log)
    count = len(waiting())

    def read(*arguments: Any) -> Iterator[Any]:
        yield from file_quarantine_reread(*arguments)
        grown(log)

    file_quarantine_reread = file_quarantine.reread
    with mended(), pytest.MonkeyPatch.context() as change:
        change.setattr(file_quarantine, "reread", read)
        outcome = replay_file("acme", digest)
    assert outcome == FileReplay(str(log), 0, count, FILE_CHANGED)
    with session_scope() as session:
        result = session.get_one(LogFile, ("acme", digest)).result
    assert json.dumps(result, sort_keys=True) == before[0]


def test_a_file_that_cannot_be_read_keeps_its_items(log: Path, sqlite_store: Path) -> None:
    """The outcome is the system's reason."""
    import_file(log)

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    digest = digest_of(log)
    with pytest.MonkeyPatch.context() as change:
        change.setattr(file_quarantine, "digest_of", refuse)
        outcome = replay_file("acme", digest)
    assert outcome.problem == "the file cannot be read: Permission denied"
    assert outcome.remaining == len(waiting()) > 0


def test_a_file_without_places_keeps_its_items(log: Path, sqlite_store: Path) -> None:
    """An earlier version counted it; its import may also be deleted meanwhile."""
    import_file(log)
    with session_scope() as session:
        session.execute(update(LogFile).values(content=None))
    count = len(waiting())
    assert replay(log) == FileReplay(str(log), 0, count, NO_PLACES)
    assert replay_file("acme", "x") == FileReplay("x", 0, 0, NOT_KEPT)


def test_items_that_were_not_listed_are_replayed(
    log: Path, sqlite_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list has the first 1000, and its next ones after these became records."""
    log.write_bytes((KINDS["time that is not read yet"] + b"\n") * 1500 + b"bad\n" * 1500)
    monkeypatch.setattr(file_quarantine, "CHUNK", 700)
    import_file(log)
    assert {reason for *_, reason in waiting()} == {"invalid timestamp"}
    with mended():
        assert replay(log) == FileReplay(str(log), 1500, 1500, "")
    assert [line for _, line, *_ in waiting()] == list(range(1501, 2501))


def test_items_beyond_the_last_place_stay(
    log: Path, sqlite_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are counted all the same."""
    monkeypatch.setattr(places, "MAX_PLACES", 3)
    log.write_bytes((KINDS["time that is not read yet"] + b"\n") * 5)
    import_file(log)
    with mended():
        assert replay(log) == FileReplay(str(log), 3, 2, file_quarantine.TOO_MANY)
    state_of(log)


def test_a_record_that_does_not_fit_stays(log: Path, empty_store: str) -> None:
    """Its minute has no room for its bytes; other records are counted."""
    large, full = 2**53 - 1, ZEEK | {"orig_bytes": 0, "resp_bytes": 0}
    log.write_bytes(line_of(NEW | {"orig_bytes": large}) + b"\n" + line_of(NEW) + b"\n")
    import_file(log)
    with session_scope() as session:
        count_batch(session, "acme", normalise_batch([full]))
        session.flush()
        session.execute(update(NetworkMinute).values(octets=MAX_OCTETS - 1000))
    with mended():
        assert replay(log) == FileReplay(str(log), 1, 1, "")
        assert replay(log) == FileReplay(str(log), 0, 1, "")
    assert [row[1:] for row in waiting()] == [(1, 0, 0, OVERFLOW)]
    state_of(log)


def test_files_wait_until_nothing_is_in_quarantine(log: Path, empty_store: str) -> None:
    """Of all tenants or one, the oldest first; a file without bad lines never waits."""
    with session_scope() as session:
        ensure_tenant(session, "globex")
    import_file(log, "globex")
    log.write_bytes(line_of(NEW))
    import_file(log)
    good = log.with_name("good")
    good.write_bytes(line_of(ZEEK))
    import_file(good)
    with session_scope() as session:
        session.execute(
            update(LogFile)
            .where(LogFile.tenant_id == "acme")
            .values(finished_at=datetime(2020, 1, 1, tzinfo=UTC))
        )
    with session_scope() as session:
        assert [tenant for tenant, _ in waiting_files(session, None)] == ["acme", "globex"]
        assert [tenant for tenant, _ in waiting_files(session, "globex")] == ["globex"]
    with mended():
        assert replay(log) == FileReplay(str(log), 1, 0, "")
    with session_scope() as session:
        assert waiting_files(session, "acme") == []
        assert session.get_one(LogFile, ("acme", digest_of(log))).content is None
