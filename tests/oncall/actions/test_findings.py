"""Findings are accepted by waivers beside the present ones; a scan must really have happened."""

from datetime import date

import pytest

from securenet_obs.detection.vulnerabilities.stored.scans import scan_tenant
from securenet_obs.detection.vulnerabilities.stored.waivers import load_waivers, store_waivers
from securenet_obs.detection.vulnerabilities.waivers import Waiver
from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions import findings
from securenet_obs.oncall.actions.findings import accept_findings, read_scan_time, scan_again
from securenet_obs.settings import Settings
from securenet_obs.stack.samples import store_samples
from securenet_obs.store import session_scope

OLD = Waiver("OLD-1", "", "old", date(2099, 1, 1))
NEW = Waiver("NEW-1", "PyYAML", "trusted documents", date(2099, 2, 1))


@pytest.fixture
def sent(empty_store: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a task run at once; return the queues of what was sent."""
    store_samples(empty_store, ["acme"])
    queues: list[str] = []

    def run_at_once(settings: Settings, name: str, arguments: list[str], *, queue: str) -> None:
        assert name.endswith(".run_vulnerability_scan")
        queues.append(queue)
        scan_tenant(*arguments)

    monkeypatch.setattr(findings, "send_task", run_at_once)
    return queues


def test_a_scan_is_awaited(sent: list[str]) -> None:
    """The state of the confirmation is the last scan."""
    action = scan_again(Settings(), "acme", 5.0)
    assert action.read_state() == {"last scan": "never"}
    assert action.run().startswith("acme was scanned at 20")
    assert (read_scan_time("acme") is not None, sent) == (True, ["scans"])


def test_a_scan_that_does_not_happen_is_an_error(
    sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker has taken the task."""
    monkeypatch.setattr(findings, "send_task", lambda *_, **__: None)
    with pytest.raises(ActionError, match=r"acme was not scanned within 0\.1 s"):
        scan_again(Settings(), "acme", 0.1).run()


def test_an_acceptance_adds_its_waiver_once(sent: list[str]) -> None:
    """Those of before stay; another waiver since the dry run changes the state."""
    with session_scope() as session:
        store_waivers(session, "acme", [OLD])
    action = accept_findings(Settings(), "acme", [NEW], 5.0)
    before = action.read_state()
    assert "until the end of 2099-02-01, because trusted documents: NEW-1 of PyYAML" in action.does
    for _ in range(2):
        assert action.run().startswith("acme has 2 waivers; acme was scanned at")
    with session_scope() as session:
        assert load_waivers(session, "acme") == [OLD, NEW]
    assert action.read_state() != before
