"""Dossiers of an alert: one page, which its looks complete."""

from pathlib import Path

from securenet_obs.oncall.dossiers.choice import Choice
from securenet_obs.oncall.dossiers.listing import list_dossiers
from securenet_obs.oncall.dossiers.looks import Look
from securenet_obs.oncall.dossiers.writer import Writer
from tests.oncall.dossiers.waiting import taken
from tests.vendor_alerts import RELATED, event_alert

PROJECT = Path(__file__).parents[3]
ONE = Choice(("one",), ("why",))
LOOKS = [
    Look("one", "One", "securenet-obs run one"),
    Look("two", "Two", "securenet-obs run two", ("a row",)),
]


def test_the_looks_complete_the_page(tmp_path: Path) -> None:
    """The next command is that of the look with a row that applies."""
    writer, alert = Writer(PROJECT, tmp_path), taken(event_alert("a.Error: b"))
    assert not writer.has_page(alert)
    first = writer.write(alert, ONE, None, "seen")
    assert writer.has_page(alert)
    assert (first.outcome, first.next_command) == ("looking", "securenet-obs run one")
    last = writer.write(alert, ONE, LOOKS, "seen")
    assert (last.outcome, last.next_command) == ("row applies", "securenet-obs run two")
    writer.write(alert, ONE, None, "seen", replaces=False)
    assert list_dossiers(tmp_path) == [last]


def test_without_a_runbook_the_list_is_the_next_command(tmp_path: Path) -> None:
    alert = taken(event_alert("a.Error: b"))
    dossier = Writer(PROJECT, tmp_path).write(alert, Choice((), ()), [], "seen")
    assert (dossier.outcome, dossier.next_command) == ("no runbook", "securenet-obs runbooks list")


def test_a_broken_notebook_leaves_the_packaged_index(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "broken.ipynb").write_text("{")
    choice = Writer(tmp_path, tmp_path).choose(taken(RELATED["a failover"][1]))
    assert choice.runbooks == ("redis_refuses_writes",)
