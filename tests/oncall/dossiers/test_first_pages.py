"""Alerts that arrive together have their first page at once, whatever a look takes."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from securenet_obs.api.alerts.alert import ReceivedAlert
from securenet_obs.api.alerts.storing import store_alerts
from securenet_obs.oncall.dossiers import first_pages
from securenet_obs.oncall.dossiers.first_pages import write_first_pages
from securenet_obs.oncall.dossiers.listing import list_dossiers
from securenet_obs.oncall.dossiers.looks import Look
from securenet_obs.oncall.dossiers.queue import WaitingAlert
from securenet_obs.oncall.dossiers.service import Service
from securenet_obs.oncall.dossiers.writer import Writer
from securenet_obs.runner.stop import Stop
from securenet_obs.settings import Settings
from tests.waiting import eventually

PROJECT = Path(__file__).parents[3]
SETTINGS = Settings(redis_url="redis://127.0.0.1:1/0")
READONLY = "READONLY You can't write against a read only replica."


def store(*titles: str) -> None:
    for title in titles:
        store_alerts([ReceivedAlert("sentry", title, title, READONLY, "", {})])


def read_outcomes(folder: Path) -> dict[str, str]:
    return {dossier.alert: dossier.outcome for dossier in list_dossiers(folder)}


class SlowLooker:
    """Looks that end once they are released."""

    root = PROJECT

    def __init__(self) -> None:
        self.released = threading.Event()

    def look(self, name: str, facts: Mapping[str, str]) -> Look:
        """Wait, and return a look."""
        self.released.wait(60)
        return Look(name, name, f"securenet-obs run {name}", ("a row",))


@pytest.fixture
def looker(empty_store: str, tmp_path: Path) -> Iterator[SlowLooker]:
    """Yield the looker of a service that serves an empty store, without Redis."""
    slow, stop = SlowLooker(), Stop()
    service = Service(SETTINGS, tmp_path, slow, stop)  # type: ignore[arg-type]
    thread = threading.Thread(target=service.serve)
    thread.start()
    yield slow
    stop.set()
    slow.released.set()
    thread.join()


def test_a_slow_look_holds_up_no_first_page(looker: SlowLooker, tmp_path: Path) -> None:
    """Also of an alert that arrives while it runs; at its end each has its whole dossier."""
    store("one", "two", "three")
    assert eventually(lambda: len(read_outcomes(tmp_path)) == 3, 60)
    store("late")
    looking = dict.fromkeys(("one", "two", "three", "late"), "looking")
    assert eventually(lambda: read_outcomes(tmp_path) == looking, 60)
    looker.released.set()
    assert eventually(lambda: set(read_outcomes(tmp_path).values()) == {"row applies"}, 60)


@pytest.mark.usefixtures("empty_store")
def test_a_dossier_is_not_replaced_by_a_first_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look may end between the search for alerts and the first page."""
    store("one")
    writer = Writer(PROJECT, tmp_path)
    choose = writer.choose

    def choose_late(writer: Writer, alert: WaitingAlert) -> object:
        writer.write(alert, choose(alert), [Look("r", "R", "securenet-obs run r")], "seen")
        return choose(alert)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "choose", choose_late)
        assert write_first_pages(SETTINGS, writer) == 1
    assert read_outcomes(tmp_path) == {"one": "no row applies"}
    assert write_first_pages(SETTINGS, writer) == 0


@pytest.mark.usefixtures("empty_store")
def test_a_failure_costs_no_later_first_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or an error of our own, is logged; the next search writes the page."""
    store("one")
    failures: list[Exception] = [OSError("full"), RuntimeError("a bug")]
    write = Writer.write

    def fail_first(*arguments: object, **options: object) -> object:
        if failures:
            raise failures.pop()
        return write(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Writer, "write", fail_first)
    monkeypatch.setattr(first_pages, "INTERVAL_S", 0.01)
    with first_pages.writing_first_pages(SETTINGS, Writer(PROJECT, tmp_path), Stop()):
        assert eventually(lambda: read_outcomes(tmp_path) == {"one": "looking"}, 60)
