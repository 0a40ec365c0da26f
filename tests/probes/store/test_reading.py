from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from securenet_obs import store
from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.detection.network.stored.minutes import count_batch
from securenet_obs.detection.network.stored.quarantine import store_quarantined
from securenet_obs.errors import ForbiddenError, NotFoundError, SettingsError, UnreachableError
from securenet_obs.probes import StoreProbe, generate_mixed_records, tabulate_planted_minutes
from securenet_obs.settings import Settings
from tests.stores import PostgresServer, unavailable

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def probe_of(url: str) -> StoreProbe:
    """Return a probe of a store."""
    return StoreProbe(Settings(database_url=SecretStr(url)))


def test_a_counted_batch_is_read_back(empty_store: str) -> None:
    """The minutes and the quarantine of one tenant are those of its batch."""
    batch = normalise_batch(generate_mixed_records())
    with store.session_scope() as session:
        count_batch(session, "acme", batch)
        store_quarantined(session, "acme", "a-task", batch)
    probe, planted = probe_of(empty_store), tabulate_planted_minutes()
    assert probe.minutes("acme")[planted.columns].equals(planted)
    assert list(probe.quarantined("acme").reason) == ["not an object", "invalid timestamp"]
    assert (len(probe.minutes("other")), len(probe.quarantined("other"))) == (0, 0)


def test_findings_are_read_back_with_their_state(empty_store: str) -> None:
    """A resolved finding is listed as such."""
    with store.session_scope() as session:
        store.ensure_tenant(session, "acme")
        for package, resolved_at, cause in (("b", NOW, "advisory_new"), ("a", None, "x")):
            session.add(
                store.Finding(
                    tenant_id="acme", ecosystem="PyPI", package=package, version="1.0",
                    advisory_id="CVE-1", details={"severity": "high"}, cause=cause,
                    first_seen=NOW, new_at=NOW, last_seen=NOW, resolved_at=resolved_at,
                )
            )  # fmt: skip
    assert probe_of(empty_store).findings("other").empty
    findings = probe_of(empty_store).findings("acme")
    assert findings[["package", "severity", "state"]].to_numpy().tolist() == [
        ["a", "high", "open"],
        ["b", "high", "resolved"],
    ]


def test_tasks_are_read_back_of_their_tenant(empty_store: str) -> None:
    """A batch in the outbox and a dead letter, by their ids; another tenant has none of them."""
    with store.session_scope() as session:
        for tenant in ("acme", "other"):
            store.ensure_tenant(session, tenant)
            session.add(
                store.Submission(
                    task_id=f"t-{tenant}", tenant_id=tenant, records=None, ids={}, accepted_at=NOW,
                    due_at=None, publications=2, finished_at=None, result=None,
                )
            )  # fmt: skip
            session.add(
                store.DeadLetter(
                    task_id=f"t-{tenant}", task="tasks.scan", tenant_id=tenant, request_id=None,
                    window=None, arguments={}, redacted=False, reason="failed", error="KeyError",
                    message="", traceback="", first_at=NOW, last_at=NOW, times=3, requeued_at=None,
                )
            )  # fmt: skip
    probe, ids = probe_of(empty_store), ["t-acme", "t-other"]
    (batch,) = probe.submissions("acme", ids).to_dict("records")
    assert (batch["task_id"], batch["publications"], batch["finished_at"]) == ("t-acme", 2, None)
    (letter,) = probe.dead_letters("acme", ids).to_dict("records")
    assert (letter["task_id"], letter["error"], letter["times"]) == ("t-acme", "KeyError", 3)
    assert probe.submissions("acme", []).empty
    assert probe.dead_letters("acme", ["t-other"]).empty


def test_a_store_that_does_not_answer_is_unreachable(store_url: str) -> None:
    """The message names the variable."""
    with pytest.raises(UnreachableError, match="DATABASE_URL"):
        probe_of(unavailable(store_url)).minutes("acme")


def test_a_file_that_does_not_exist_is_not_created(tmp_path: Path) -> None:
    """SQLite creates the file of a store that is opened."""
    path = tmp_path / "new.sqlite3"
    with pytest.raises(UnreachableError, match="does not exist"):
        probe_of(f"sqlite:///{path}").minutes("acme")
    assert not path.exists()


@pytest.mark.stack
def test_postgresql_forbids_writing(postgresql: PostgresServer) -> None:
    """Its transactions are read-only, whatever is executed in them."""
    probe = probe_of(postgresql.create_store())
    assert probe._read(text("SHOW default_transaction_read_only")).to_numpy().tolist() == [["on"]]


def test_a_store_without_the_table_is_told_from_an_unreachable_one(tmp_path: Path) -> None:
    """The message names the command that creates it."""
    empty = tmp_path / "empty.sqlite3"
    empty.touch()
    with pytest.raises(NotFoundError, match="store migrate"):
        probe_of(f"sqlite:///{empty}").findings("acme")


@pytest.mark.stack
def test_a_role_without_rights_is_forbidden(postgresql: PostgresServer) -> None:
    """A role may connect, but not read."""
    url = postgresql.create_role(postgresql.create_store(), rights="INSERT")
    with pytest.raises(ForbiddenError, match="DATABASE_URL"):
        probe_of(url).minutes("acme")


@pytest.mark.parametrize("url", ["mysql://host/store", "no url"])
def test_other_databases_are_refused(url: str) -> None:
    """The message does not repeat the URL."""
    with pytest.raises(SettingsError, match=r"^DATABASE_URL: (?!.*host)"):
        probe_of(url)
