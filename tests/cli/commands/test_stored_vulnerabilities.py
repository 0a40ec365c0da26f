"""Inventories, advisories, waivers and findings of a target on the command line."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.detection.vulnerabilities.stored.scans import scan_tenant
from securenet_obs.stack.samples import store_samples
from tests.detection.vulnerabilities.osv import HIGH, advisory, before

Call = Callable[..., Any]

WAIVER = '[[waiver]]\nid = "A-1"\nreason = "accepted"\nexpires = 2100-01-01\n'


@pytest.fixture
def target(sqlite_store: Path) -> Path:
    """Return the env file of a target whose store this process uses, too."""
    file = sqlite_store.parent / "target.env"
    file.write_text(f"DATABASE_URL=sqlite:///{sqlite_store}\n")
    return file


@pytest.mark.slow
def test_a_finding_is_shown_from_import_to_waiver(call: Call, target: Path, tmp_path: Path) -> None:
    """Inventory and advisories are imported, a scan runs, its finding is shown, then waived."""
    (tmp_path / "requirements.txt").write_text("left-pad==1\n???\n")
    record = advisory("A-1", *before("2"), vector=HIGH)
    (tmp_path / "A-1.json").write_text(json.dumps(record))
    (tmp_path / "waivers.toml").write_text(WAIVER)
    to = ("--target", target)
    done = call("inventory", "import", "acme", "requirements.txt", *to)
    assert done.stdout == "inventory 1 of acme is new: 1 components\n"
    assert "requirements.txt:2: not a requirement" in done.stderr
    shown = json.loads(call("inventory", "show", "acme", "--json", *to).stdout)
    assert [row["package"] for row in shown["components"]] == ["left-pad"]
    done = call("advisories", "sync", "A-1.json", "--max-age", "36500", *to)
    assert done.stdout.startswith("1 records, 1 added")
    assert done.stdout.endswith("0 problems, 0 ranges of commits skipped\n")
    assert scan_tenant("acme")["refused"] is None
    (found,) = json.loads(call("findings", "acme", "--json", *to).stdout)
    assert (found["id"], found["cause"]) == ("A-1", "inventory_changed")
    assert found["resolved_at"] is None
    assert call("waivers", "import", "acme", "waivers.toml", *to).stdout == "1 waivers of acme\n"
    assert "accepted" in call("waivers", "show", "acme", *to).stdout
    scan_tenant("acme")
    (found,) = json.loads(call("findings", "acme", "--json", *to).stdout)
    assert found["waived_until"] == "2100-01-01T23:59:59Z"
    # Columns of a narrow terminal fold.
    assert "waived" in call("findings", "acme", *to).stdout


@pytest.mark.slow
def test_a_tenant_without_data_is_not_taken_for_a_safe_one(call: Call, target: Path) -> None:
    """No findings of a tenant that was never scanned prove nothing."""
    done = call("findings", "acme", "--target", target)
    assert done.stdout == "0 findings of acme; never scanned\n"
    done = call("inventory", "show", "acme", "--target", target)
    assert done.stdout == "acme has no inventory\n"
    store_samples(os.environ["DATABASE_URL"], ["acme"])
    scan_tenant("acme")
    done = call("findings", "acme", "--target", target)
    assert re.search(r"\n3 findings of acme; last scanned 2\S+Z, inventory 1\n$", done.stdout)


@pytest.mark.parametrize("command", [("inventory", "import"), ("waivers", "import"), ("findings",)])
def test_an_id_that_no_tenant_can_have_is_refused(
    call: Call, target: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """The API could never be asked for it."""
    (tmp_path / "a.txt").write_text("a==1\n")
    file = ["a.txt"] if len(command) > 1 else []
    done = call(*command, "ACME!", *file, "--target", target)
    assert (done.returncode, "not a valid tenant id" in done.stderr) == (2, True)


def test_old_advisories_are_refused(call: Call, target: Path, tmp_path: Path) -> None:
    """The message has the date and the option; a source must be named."""
    record = advisory("A-1", *before("2"), modified="2020-01-01T00:00:00Z")
    (tmp_path / "A-1.json").write_text(json.dumps(record))
    done = call("advisories", "sync", "A-1.json", "--target", target)
    assert done.returncode == 2
    assert "A-1.json is of 2020-01-01, older than 30 days" in done.stderr
    done = call("advisories", "sync", "--target", target)
    assert (done.returncode, "ADVISORIES_SOURCE" in done.stderr) == (2, True)
