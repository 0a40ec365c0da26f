"""`quarantine list` and `quarantine replay`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.detection.network.stored.quarantine import store_quarantined
from securenet_obs.store import ensure_tenant, session_scope


def test_items_are_listed_and_replayed(call: Callable[..., Any], sqlite_store: Path) -> None:
    """The list has place and reason; a replay without a change leaves the items."""
    with session_scope() as session:
        ensure_tenant(session, "acme")
        store_quarantined(session, "acme", "t", normalise_batch(["text"]))
    (row,) = json.loads(call("quarantine", "list", "--json").stdout)
    assert (row["tenant_id"], row["reason"], row["sample"]) == ("acme", "not an object", '"text"')
    assert "not an object" in call("quarantine", "list", "--tenant", "acme").stdout
    empty = call("quarantine", "list", "--tenant", "globex")
    assert empty.stdout == ""
    assert "securenet-obs logs imported" in empty.stderr
    assert call("quarantine", "replay").stdout == "0 replayed, 1 remaining\n"
