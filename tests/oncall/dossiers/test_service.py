"""The service of on-call with looks of its tests, and with real parts while Redis is stopped."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import redis

from securenet_obs.api.alerts.alert import ReceivedAlert
from securenet_obs.api.alerts.storing import store_alerts
from securenet_obs.errors import StoreUnavailableError
from securenet_obs.matching import packaged_index
from securenet_obs.oncall.dossiers import service as module
from securenet_obs.oncall.dossiers.choice import choose
from securenet_obs.oncall.dossiers.listing import Dossier, list_dossiers
from securenet_obs.oncall.dossiers.looks import Look, Looker
from securenet_obs.oncall.dossiers.service import Service
from securenet_obs.probes.errors.backends import open_error_events
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import target_of
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack
from tests.busy import stretch
from tests.forked_python import ForkedPython
from tests.oncall.dossiers.waiting import taken
from tests.runbooks.recording import Recorder, recording
from tests.vendor_alerts import RELATED, Alert, event_alert, request_for
from tests.waiting import eventually

PROJECT = Path(__file__).parents[3]
DEADLINE_S = 30.0
"""Seconds for a dossier, while Redis is stopped too; stretched on a machine with other work."""

RAISING = """
import os, redis.exceptions
from securenet_obs.monitoring import capture_error, flush_sentry, init_sentry
init_sentry(os.environ["SENTRY_DSN"], "tests", release="r@1", service="svc")
try:
    raise redis.exceptions.BusyLoadingError("Redis is loading the dataset in memory")
except redis.exceptions.BusyLoadingError as error:
    print(capture_error(error))
flush_sentry(10)
"""


@dataclass
class FakeLooker:
    """Looks that read nothing; fails as many times as asked for."""

    root: Path = PROJECT
    failures: int = 0
    seen: list[str] = field(default_factory=list)

    def look(self, name: str, facts: Mapping[str, str]) -> Look:
        """Return a look."""
        self.seen.append(name)
        if len(self.seen) <= self.failures:
            raise RuntimeError("a broken look")
        return Look(name, name, f"securenet-obs run {name}", ("a row",))


@pytest.fixture
def serve(empty_store: str, tmp_path: Path) -> Callable[[FakeLooker], Service]:
    """Return a function that makes a service on an empty store, without Redis."""
    settings = Settings(redis_url="redis://127.0.0.1:1/0")

    def make(looker: FakeLooker) -> Service:
        return Service(settings, tmp_path, looker, Stop())  # type: ignore[arg-type]

    return make


def store(alert: Alert) -> None:
    row = taken(alert)
    store_alerts(
        [ReceivedAlert(row.source, row.title, row.title, row.text, row.runbook, row.facts)]
    )


def test_an_alert_leaves_a_dossier(serve: Callable[..., Service], tmp_path: Path) -> None:
    """Once; the next search finds no alert."""
    store(RELATED["a failover"][1])
    service = serve(FakeLooker())
    assert [service.serve_once(), service.serve_once()] == [True, False]
    (dossier,) = list_dossiers(tmp_path)
    assert (dossier.runbooks, dossier.outcome) == (("redis_refuses_writes",), "row applies")
    assert dossier.next_command == "securenet-obs run redis_refuses_writes"


def test_equal_runbooks_are_both_looked_at(serve: Callable[..., Service], tmp_path: Path) -> None:
    store(event_alert(message="messages_restored"))
    looker = FakeLooker()
    serve(looker).serve_once()
    assert looker.seen == ["tasks_are_stuck_unacked", "tasks_run_twice"]
    assert [dossier.outcome for dossier in list_dossiers(tmp_path)] == ["ambiguous"]


def test_a_failure_leaves_the_first_page_and_is_repeated(
    serve: Callable[..., Service], tmp_path: Path
) -> None:
    """The page without looks is there at once; a later attempt replaces it."""
    store(RELATED["a failover"][1])
    service = serve(FakeLooker(failures=1))
    assert service.serve_once()
    assert [dossier.outcome for dossier in list_dossiers(tmp_path)] == ["looking"]
    assert service.serve_once()
    assert [dossier.outcome for dossier in list_dossiers(tmp_path)] == ["row applies"]


def test_a_look_that_the_end_broke_off_is_repeated(
    serve: Callable[..., Service], tmp_path: Path
) -> None:
    """The next process takes the alert again."""
    store(RELATED["a failover"][1])
    service = serve(looker := FakeLooker())
    service.stop.set()
    assert [service.serve_once(), service.serve_once()] == [True, True]
    assert len(looker.seen) == 2


def test_a_broken_notebook_costs_no_dossier(serve: Callable[..., Service], tmp_path: Path) -> None:
    """The index of the package leads to the runbook."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "broken.ipynb").write_text("{")
    store(RELATED["a failover"][1])
    serve(FakeLooker(root=tmp_path)).serve_once()
    assert [row.runbooks for row in list_dossiers(tmp_path)] == [("redis_refuses_writes",)]


def test_a_store_that_does_not_answer_is_waited_for(
    serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise StoreUnavailableError("the store did not answer")

    monkeypatch.setattr(module, "take_alert", fail)
    assert not serve(FakeLooker()).serve_once()


@pytest.fixture
def stopped_redis(stack: LocalStack) -> Iterator[None]:
    """Stop Redis for a test."""
    stack.stop_part("redis")
    yield
    stack.start_part("redis")


def send(stack: LocalStack, alert: Alert) -> int:
    """Send an alert to the stack as its vendor does; return the status of the answer."""
    variables = stack.environment
    secrets = variables["SENTRY_HOOK_SECRET"], variables["ALERTMANAGER_TOKEN"]
    content, headers = request_for(alert, *secrets)
    url = f"{variables['API_URL']}/v1/alerts"
    return httpx.post(url, content=content, headers=headers, timeout=30).status_code


def wait_for_dossier(stack: LocalStack, title: str) -> Dossier | None:
    """Wait until the look of an alert has ended; return its dossier."""
    folder = Path(stack.environment["DOSSIERS_FOLDER"])

    def find() -> Dossier | None:
        found = [row for row in list_dossiers(folder) if title in row.alert]
        return found[0] if found and found[0].outcome != "looking" else None

    eventually(find, stretch(DEADLINE_S))
    return find()


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.usefixtures("stopped_redis")
def test_an_alert_while_redis_is_stopped_leaves_a_dossier(stack: LocalStack) -> None:
    """The API accepts it, and the page has the alert, the first look and the failed look."""
    alert = event_alert(
        "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379.", title="stopped"
    )
    assert send(stack, alert) == 202
    dossier = wait_for_dossier(stack, "stopped")
    assert dossier is not None, stack.parts["oncall"].log.read_text()
    assert dossier.outcome == "look failed"
    page = Path(stack.environment["DOSSIERS_FOLDER"]) / f"{dossier.name}.html"
    text = page.read_text()
    assert "does not answer" in text.split("<h2>First look</h2>")[1].split("<h2>")[0]
    assert dossier.next_command == "securenet-obs probe redis"
    assert "securenet-obs run queue_is_growing" in text


@pytest.mark.slow
@pytest.mark.stack
def test_an_event_that_bugsink_stored_leaves_a_dossier(
    stack: LocalStack, python: ForkedPython
) -> None:
    """As data of Sentry's webhook: by its own context, and by its text alone."""
    done = python.run(["-c", RAISING], env={**stack.environment})
    settings = Settings(**{name.lower(): value for name, value in stack.environment.items()})
    event = open_error_events(settings).find(done.stdout.strip(), stretch(DEADLINE_S))
    stored: dict[str, Any] = event.payload
    assert stored["contexts"]["runbook"]["name"] == "redis_refuses_writes"
    body = event_alert()[1]
    body["data"]["event"] = {**stored, "title": "from Bugsink", "issue_id": "1"}
    without = {"event": {**stored, "contexts": {}, "tags": []}}
    by_text = taken(("event_alert", {"action": "triggered", "data": without}))
    assert by_text.runbook == ""
    assert choose(packaged_index(), by_text).runbooks == ("redis_refuses_writes",)
    assert send(stack, ("event_alert", body)) == 202
    dossier = wait_for_dossier(stack, "from Bugsink")
    assert dossier is not None, stack.parts["oncall"].log.read_text()
    assert dossier.runbooks == ("redis_refuses_writes",)


@pytest.mark.slow
@pytest.mark.stack
def test_a_dossier_writes_only_what_a_look_may(
    stack: LocalStack, warm: Callable[[], str], tmp_path: Path
) -> None:
    """By the commands that Redis gets from the first look and from the runbook."""
    own = urlsplit(stack.environment["REDIS_URL"])
    with (
        redis.Redis.from_url(stack.environment["REDIS_URL"]) as direct,
        recording(own.port or 6379, recorder := Recorder(direct)) as port,
    ):
        through = {
            name: stack.environment[name].replace(f":{own.port}/", f":{port}/")
            for name in ("REDIS_URL", "RESULT_URL")
        }
        variables = {**stack.environment, **through}
        settings = Settings(**{name.lower(): value for name, value in variables.items()})
        target = target_of("tests", variables, local=True)
        looker = Looker(PROJECT, tmp_path / "runs", target, Stop(), warm())
        alert = taken(RELATED["a metric of our rules"][1])
        dossier = Service(settings, tmp_path, looker, Stop()).write(alert)
    assert dossier.outcome in {"row applies", "no row applies"}
    assert recorder.commands
    assert recorder.find_forbidden() == []
