"""The static site: complete, incremental, without a broken link or a script."""

import html.parser
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.reports import site
from securenet_obs.reports.history import PRUNED, CommandRuns, format_command
from securenet_obs.reports.site import notebook_page, write_site
from tests.reports.conftest import make_run

Add = Callable[..., str]


class Links(html.parser.HTMLParser):
    """Collects the links and the ids of a page, and refuses scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect those of one tag."""
        assert tag != "script"
        found = dict(attrs)
        assert not [name for name in found if name.startswith("on")]
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [each for name in ("href", "src") if (each := found.get(name))]


def check_links(root: Path) -> int:
    """Check that every link of every page of the site leads somewhere; return their number."""
    number = 0
    for page in [root / "index.html", *(root / "report").rglob("*.html")]:
        parser = Links()
        parser.feed(page.read_text())
        assert len(parser.ids) == len({*parser.ids}), page
        for link in parser.links:
            if link.startswith("#"):
                assert link[1:] in parser.ids, (page, link)
            elif not link.startswith("data:"):
                assert (page.parent / unquote(link)).exists(), (page, link)
                number += 1
    return number


def test_the_site_has_every_part(evidence: Path, add: Add) -> None:
    """Latest verdicts by notebook and target, days, flaky notebooks, failures, figures, runs."""
    add()
    failed = add(fail=0)
    add("02_another", {"target": {"name": "production.env"}}, fail=1)
    written = write_site(evidence)
    assert (written.runs, written.pages, written.unreadable) == (3, 3, {})
    index = written.index.read_text()
    assert check_links(evidence) > 20
    assert index.count('scope="row"><a href="report/notebooks/01_a_claim') == 3
    assert "production.env" in index
    assert 'aria-label="failed, 1 of 2 runs passed"' in index
    assert "0.250 s" in index
    page = (evidence / f"report/runs/{failed}--01_a_claim.html").read_text()
    assert "something else" in page
    assert f"{failed}/01_a_claim.html" in page
    assert "Last green run" in page
    assert "What changed since green" not in page


def test_a_second_report_writes_only_new_pages(evidence: Path, add: Add) -> None:
    """The page of an earlier run stays as it is; index, notebook and history have the new run."""
    first = add()
    write_site(evidence)
    old = evidence / f"report/runs/{first}--01_a_claim.html"
    old.write_text("untouched")
    second = add(fail=1)
    assert write_site(evidence).pages == 1
    assert old.read_text() == "untouched"
    group = ("01_a_claim", "staging.env")
    for page in ("index.html", notebook_page(group), "report/history/1.html"):
        assert f"{second}--01_a_claim.html" in (evidence / page).read_text()
    assert write_site(evidence).pages == 0


def test_a_change_of_the_templates_writes_all_pages(
    evidence: Path, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of another version do not stay."""
    add()
    write_site(evidence)
    monkeypatch.setattr(site._PAGES, "fingerprint", lambda: "another")
    assert write_site(evidence).pages == 1


def test_evidence_that_is_gone_leaves_no_link(evidence: Path, add: Add) -> None:
    """Its page goes, and later pages no longer name it as the run before."""
    first, second, third = add(), add(fail=0), add()
    write_site(evidence)
    shutil.rmtree(evidence / first)
    assert write_site(evidence).runs == 2
    assert not (evidence / f"report/runs/{first}--01_a_claim.html").exists()
    check_links(evidence)
    (evidence / second).rename(evidence / f".{second}")
    pruned = CommandRuns((1, 1), (make_run(1, fail=0),))
    (evidence / PRUNED).write_bytes(format_command(second, pruned))
    assert write_site(evidence).runs == 2
    check_links(evidence)
    assert "it arrives" in (evidence / "index.html").read_text()
    assert third in (evidence / "report/history/1.html").read_text()


def test_stale_pages_are_searched_once(
    evidence: Path, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search for each command would take minutes with 10,000 of them."""
    for _ in range(3):
        add()
    write_site(evidence)
    calls = []
    monkeypatch.setattr(site, "find_stale", lambda *given: calls.append(given) or set())
    write_site(evidence)
    assert len(calls) == 1


def test_the_history_has_pages(evidence: Path, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full page stays as it is; pages past the end go."""
    monkeypatch.setattr(site, "RUNS_PER_PAGE", 2)
    names = [add() for _ in range(5)]
    write_site(evidence)
    history = evidence / "report" / "history"
    assert len(list(history.glob("*.html"))) == 3
    (history / "1.html").write_text("untouched")
    add()
    write_site(evidence)
    assert (history / "1.html").read_text() == "untouched"
    for name in names[:4]:
        shutil.rmtree(evidence / name)
    write_site(evidence)
    assert [path.name for path in history.glob("*.html")] == ["1.html"]
    check_links(evidence)


def test_a_site_elsewhere_is_complete(evidence: Path, add: Add, tmp_path: Path) -> None:
    """It has the executed notebooks, and the evidence stays as it was."""
    name = add()
    before = sorted(evidence.rglob("*"))
    out = tmp_path / "public" / "site"
    write_site(evidence, out)
    assert sorted(evidence.rglob("*")) == before
    shutil.rmtree(evidence)
    assert (out / name / "01_a_claim.html").read_text() == "<p>executed</p>"
    assert check_links(out) > 10


def test_hostile_values_stay_text(evidence: Path, add: Add) -> None:
    """Values of run.json are foreign; no page runs or loads anything."""
    hostile = "\"><img src=x onerror=alert(1)>'</td><script>alert(1)</script>"
    add(hostile, {"target": {"name": hostile}, "commit": hostile}, run="r", reason=hostile,
        parameters={hostile: hostile}, verdict="failed", fail=0,
        changes_since_green=[{"kind": hostile, "what": hostile, "rank": hostile}])  # fmt: skip
    write_site(evidence)
    check_links(evidence)
    page = next((evidence / "report" / "runs").iterdir()).read_text()
    assert "What changed since green" in page
    assert "default-src 'none'" in page


def test_an_empty_folder_has_a_page(evidence: Path) -> None:
    """It says that there is no run, and which command makes one."""
    written = write_site(evidence)
    assert "No run is on record" in written.index.read_text()
    check_links(evidence)


def test_damaged_and_running_commands_are_named(evidence: Path, add: Add) -> None:
    """The index names what is left out."""
    name = add()
    (evidence / name / "run.json").write_text(json.dumps({"runs": 7}))
    (evidence / "running").mkdir()
    (evidence / "running" / "journal.jsonl").touch()
    index = write_site(evidence).index.read_text()
    assert f"{name} is left out: its run.json is not a summary of runs." in index
    assert "Not finished, or broken off: running." in index


def test_the_evidence_of_one_command_is_refused(evidence: Path, add: Add) -> None:
    """The message has the command to use instead."""
    name = add()
    with pytest.raises(EvidenceError, match=f"securenet-obs report {evidence}"):
        write_site(evidence / name)


def test_a_folder_that_cannot_be_written_is_an_error(evidence: Path, tmp_path: Path) -> None:
    """The message has the path and the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(EvidenceError, match=r"file.*: cannot be written: Not a directory"):
        write_site(evidence, tmp_path / "file" / "site")
