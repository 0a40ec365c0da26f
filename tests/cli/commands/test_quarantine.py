"""`quarantine list` and `quarantine replay`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.detection.network.stored.quarantine import store_quarantined
from securenet_obs.store import ensure_tenant, session_scope
from tests.detection.network.stored.test_file_quarantine import import_file, mended


def test_items_are_listed_and_replayed(call: Callable[..., Any], sqlite_store: Path) -> None:
    """The list has place and reason; a replay without a change leaves the items."""
    with session_scope() as session:
        ensure_tenant(session, "acme")
        store_quarantined(session, "acme", "t", normalise_batch(["text"]))
    (row,) = json.loads(call("quarantine", "list", "--json").stdout)
    assert (row["tenant_id"], row["reason"], row["sample"]) == ("acme", "not an object", '"text"')
    assert "not an object" in call("quarantine", "list", "--tenant", "acme").stdout
    empty = call("quarantine", "list", "--tenant", "globex")
    assert (empty.stdout, empty.stderr) == ("", "Nothing is in quarantine.\n")
    assert call("quarantine", "replay").stdout == "0 replayed, 1 remaining\n"


@pytest.mark.slow
def test_lines_of_files_are_listed_and_replayed(
    call: Callable[..., Any], sqlite_store: Path, tmp_path: Path
) -> None:
    """In one table with the items of batches; a replay prints the outcome of each file."""
    log = tmp_path / "log"
    log.write_text('{"time": 1600000000}\nbad\n')
    with mended():
        import_file(log, "globex")
    import_file(log)
    with session_scope() as session:
        store_quarantined(session, "acme", "t", normalise_batch(["text"]))
    rows = json.loads(call("quarantine", "list", "--tenant", "acme", "--json").stdout)
    places = [(row["source"], row["name"], row["line"], row["offset"]) for row in rows]
    assert places == [("batch", "t", 0, None), ("file", str(log), 2, 21)]
    cut = call("quarantine", "list", "--limit", "1")
    assert cut.stderr == "2 more are in quarantine.\n"
    assert cut.stdout.count("\n") == 2
    table = call("quarantine", "list").stdout
    assert "None" not in table
    assert table.count(str(log)) == 2
    log.unlink()
    assert call("quarantine", "replay", "--tenant", "acme").stdout == (
        f"{log}: 0 replayed, 1 remaining: the file is gone\n0 replayed, 2 remaining\n"
    )
