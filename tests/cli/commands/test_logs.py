"""`logs check`: validates log files and reports the lines that are not JSON."""

import gzip
import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from securenet_obs.detection.network.counting.analysis import analyse
from securenet_obs.detection.network.stored.ranges import begin, digest_of, finish, store_range
from securenet_obs.store import session_at
from tests.stores import create_sqlite


def test_logs_check_counts_and_lists_invalid_lines(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    """The output has totals and rejected lines with number and reason; one exits 1."""
    good = tmp_path / "good.log"
    good.write_text('{"event": "a"}\n{"event": "b"}\n')
    (tmp_path / "bad.log").write_text('{"event": "a"}\nTraceback (most recent call last):\n')
    answer = call("logs", "check", good, "--json")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["valid"] == 2
    answer = call("logs", "check", good, "bad.log", "--json")
    assert answer.returncode == 1
    report = json.loads(answer.stdout)
    assert (report["total"], report["valid"]) == (4, 3)
    assert [row["line"] for row in report["rejected"]] == [2]
    assert call("logs", "check", "nowhere.log").returncode == 2


def test_logs_find_prints_lines_with_their_places(call: Callable[..., Any], tmp_path: Path) -> None:
    """Lines are found by time, level and field; none found, and a missing source, differ."""
    (tmp_path / "api.log").write_text(
        '{"timestamp": "2026-11-27T03:14:01Z", "level": "info", "event": "a"}\n'
        '{"timestamp": "2026-11-27T03:14:02Z", "level": "error", "event": "b", "n": 1}\n'
    )
    answer = call("logs", "find", "api.log", "--level", "warning", "--where", "n=1")
    assert (answer.returncode, answer.stdout) == (
        0,
        "api.log:2 2026-11-27T03:14:02Z error b n=1\n",
    )
    answer = call("logs", "find", "api.log", "--limit", "1", "--json")
    found = json.loads(answer.stdout)
    assert (found["total"], [row["line"] for row in found["lines"]]) == (2, [2])
    assert call("logs", "find", "api.log", "--since", "2026-11-27T03:15").returncode == 1
    assert call("logs", "find", "nowhere.log").returncode == 2


def test_logs_find_reads_the_targets_logs(call: Callable[..., Any], tmp_path: Path) -> None:
    """Without a source it is LOG_SOURCE."""
    (tmp_path / "api.log").write_text('{"event": "a"}\n')
    (tmp_path / "a.env").write_text("LOG_SOURCE=api.log\n")
    answer = call("logs", "find", "--target", "a.env")
    assert answer.stdout.endswith("api.log:1 a\n")
    (tmp_path / "b.env").write_text("API_URL=http://127.0.0.1:1\n")
    assert "LOG_SOURCE is missing" in call("logs", "find", "--target", "b.env").stderr


def test_logs_check_names_skipped_files_and_reads_rotations(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    """A folder is read with its rotations; a file that is not a log is in the output."""
    (tmp_path / "app.log").write_text("{}\n")
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(b"{}\n{}\n"))
    (tmp_path / "notes.txt").touch()
    answer = call("logs", "check", tmp_path)
    assert answer.returncode == 0
    assert "3 lines, 3 valid" in answer.stdout
    assert "notes.txt" in answer.stdout
    assert "not a log by its name" in answer.stdout
    report = json.loads(call("logs", "check", tmp_path / "app.log", "--json").stdout)
    assert (report["valid"], report["skipped"]) == (3, [])


def test_logs_check_reads_standard_input(tmp_path: Path) -> None:
    """The file - is standard input; a byte order mark is no error."""
    command = [sys.executable, "-m", "securenet_obs", "logs", "check", "-", "--json"]
    content = b'\xef\xbb\xbf{"a": 1}\nx\n'
    done = subprocess.run(command, input=content, stdout=subprocess.PIPE, check=False)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert [(row["file"], row["line"]) for row in report["rejected"]] == [("-", 2)]


@pytest.mark.slow
def test_logs_summary_counts_records(call: Callable[..., Any], tmp_path: Path) -> None:
    """The summary is a table or JSON; a file that does not exist exits 2."""
    log = tmp_path / "eve.json"
    log.write_text('{"timestamp": "2026-01-01T00:00:00Z", "event_type": "flow"}\nbad\n')
    answer = call("logs", "summary", log, "--json")
    assert answer.returncode == 0
    report = json.loads(answer.stdout)
    assert (report["lines"], report["records"], report["quarantined"]) == (2, 1, 1)
    table = call("logs", "summary", log).stdout
    assert "2 lines, 1 records, 1 quarantined" in table
    assert "suricata.flow" in table
    assert "octets" not in table
    log.write_text("bad\n" * 12)
    table = call("logs", "summary", log).stdout
    assert "no record has a time" in table
    assert ["not", "JSON", "12"] in [line.split() for line in table.splitlines()]
    assert table.count(f"{log} ") == 10
    assert "2 more quarantined lines are not listed" in table
    assert call("logs", "summary", "nowhere.log").returncode == 2


def test_the_summary_has_its_layout(call: Callable[..., Any], tmp_path: Path) -> None:
    """Counts, time span, and a table for each that has rows; metrics that are 0 are left out."""
    log = tmp_path / "eve.json"
    flow = {"bytes_toserver": 30, "bytes_toclient": 12}
    record = {"timestamp": "2026-01-01T00:00:00Z", "event_type": "flow", "flow": flow}
    record |= {"src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"}
    others = '\n\n{"time": "2026-01-01T00:02:30Z", "k": 1}\n{"name": "x"}\nbad\n'
    log.write_text(json.dumps(record) + others)
    shown = call("logs", "summary", log.name).stdout
    assert [" ".join(line.split()) for line in shown.splitlines()] == [
        "5 lines, 3 records, 1 quarantined, 1 blank, 1 untimed",
        "from 2026-01-01T00:00:00+00:00 to 2026-01-01T00:02:30+00:00",
        "", "log type count", "json 2", "suricata.flow 1",
        "", "metric count", "records 3", "octets 42", "octets_out 30", "octets_in 12", "peers 2",
        "", "reason count", "not JSON 1",
        "", "unknown shape count", "k, time 1", "name 1",
        "", "top talker events bytes_sent", "10.0.0.1 1 30", "10.0.0.2 1 12",
        "", "file line offset place reason sample",
        f"{log.name} 5 {log.stat().st_size - 4} 0 not JSON bad",
    ]  # fmt: skip


@pytest.mark.slow
def test_logs_import_sends_a_task(
    call: Callable[..., Any], tmp_path: Path, redis_server: Any
) -> None:
    """The task has the whole path of the file; a tenant must be named."""
    (tmp_path / "conn.log").write_text("{}\n")
    target = tmp_path / "target.env"
    url = redis_server.environment["REDIS_URL"].removesuffix("/0")
    database = create_sqlite(tmp_path / "store.sqlite3")
    target.write_text(f"REDIS_URL={url}/7\nRESULT_URL={url}/6\nDATABASE_URL={database}\n")
    done = call("logs", "import", "conn.log", "--tenant", "acme", "--target", target)
    assert (done.returncode, done.stderr) == (0, "")
    assert "conn.log was sent as task" in done.stdout
    with redis.Redis.from_url(f"{url}/7") as client:
        message = json.loads(client.rpop("logs") or b"")
        client.flushdb()
    assert message["headers"]["argsrepr"]
    arguments = json.loads(b64decode(message["body"]))[0]
    assert arguments == ["acme", str(tmp_path / "conn.log")]
    assert call("logs", "import", "conn.log", "--target", target).returncode == 2
    wrong = call("logs", "import", "conn.log", "--tenant", "No Tenant", "--target", target)
    assert (wrong.returncode, "not a valid tenant id" in wrong.stderr) == (2, True)
    endless = call("logs", "import", "/dev/zero", "--tenant", "acme", "--target", target)
    assert (endless.returncode, "/dev/zero is not a file" in endless.stderr) == (2, True)


def test_logs_imported_lists_files(call: Callable[..., Any], tmp_path: Path) -> None:
    """With their progress, as a table or JSON; those of one tenant, if it is given."""
    database = create_sqlite(tmp_path / "store.sqlite3")
    target = tmp_path / "target.env"
    target.write_text(f"DATABASE_URL={database}\n")
    log = tmp_path / "log"
    log.write_text('{"ts": 1600000000, "uid": "x"}\nbad\n')
    for tenant, number in (("acme", 1), ("other", 2)):
        with session_at(database) as session:
            begin(session, tenant, digest_of(log), number, str(log))
            session.flush()
            store_range(session, tenant, digest_of(log), 0, analyse(log))
            finish(session, tenant, digest_of(log))
    rows = json.loads(call("logs", "imported", "--target", target, "--json").stdout)
    assert [(row["tenant_id"], row["read"], row["ranges"]) for row in rows] == [
        ("other", 1, 2),
        ("acme", 1, 1),
    ]
    assert [(row["finished"] is None, row["records"]) for row in rows] == [(True, None), (False, 1)]
    assert [item["sample"] for item in rows[1]["quarantine"]] == ["bad"]
    table = call("logs", "imported", "--target", target, "--tenant", "acme").stdout
    assert digest_of(log)[:12] in table
    assert str(log) in table
    assert "other" not in table


def test_logs_convert_prints_ecs(call: Callable[..., Any], tmp_path: Path) -> None:
    """Records are JSON lines on standard output, other lines are listed on standard error."""
    log = tmp_path / "conn.log"
    log.write_text('{"src_ip": "10.0.0.1"}\n\x1b[31mbad\n')
    answer = call("logs", "convert", log)
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["source"] == {"ip": "10.0.0.1"}
    assert f"{log}:2: not JSON: bad" in answer.stderr
