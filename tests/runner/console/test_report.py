"""Result tables: verdicts and names are never cut, and no terminal escape is printed."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from securenet_obs.runner.command import Outcome
from securenet_obs.runner.console.report import (
    MAX_SHOWN_CHECKS,
    print_outcome,
    print_rows,
    print_table,
)
from securenet_obs.runner.record.runs import CommandRecord, RunRecord
from securenet_obs.runner.record.verdict import Verdict

CHECKS = """
from securenet_obs.checks import Checks
checks = Checks()
checks.expect('it holds', expected=1, observed=1)
checks.expect('it \\x1b[31mfails\\x1b[0m \\x00 <&>', expected='a\\x1b[1m', observed='b\\x07')
checks.skip('nobody knows', reason='not stored')
checks.conclude()
"""


def test_the_table_has_verdict_counts_and_the_failing_checks(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The table has the verdict, the counts of checks, and expected and observed values."""
    outcome = execute(write_notebook(CHECKS, name="01_checks"))
    console = Console(file=io.StringIO(), width=100)
    print_table(console, outcome.runs)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "01_checks  failed        1       1        1" in output
    assert "expected a, observed b" in output
    assert "\x1b" not in output


def test_a_skipped_run_has_its_reason_in_the_table(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """A skipped run has its reason; a command with only skipped runs is an error."""
    path = write_notebook("1 / 0", name="09_drills", needs=["local-stack"], checks=["never judged"])
    outcome = execute(path)
    console = Console(width=200)
    with console.capture() as output:
        print_outcome(console, outcome.runs, outcome.folder)
    assert "09_drills: the target is not a local stack" in output.get()
    assert "every run was skipped: nothing is proven" in output.get()
    assert str(outcome.verdict) == "error"
    assert execute(path, local=True).runs[0].started["cells"] == 1


def test_a_rows_name_is_not_broken() -> None:
    """A name can be copied whole from a narrow terminal."""
    console = Console(width=60)
    name, title = "09_the_stack_survives_faults", "a title that is too long for the line it is on"
    with console.capture() as output:
        print_rows(console, [{"name": name, "title": title, "needs": "api, celery, sentry"}])
    assert name in output.get()
    assert all(word in output.get() for word in (*title.split(), "api,", "celery,", "sentry"))


LONG = "01_" + "a_very_long_claim_about_the_queue_" * 3 + "holds"


def run_of(verdict: str, checks: int) -> RunRecord:
    """Return a run on its second attempt with this number of failed checks."""
    started = {"event": "run_started", "run": "r", "notebook": LONG, "attempt": 2, "kind": "plain"}
    rows = [
        {"event": "check", "run": "r", "cell": 1, "name": f"c{n}", "outcome": "failed"}
        for n in range(checks)
    ]
    judged = {"event": "judged", "run": "r", "verdict": verdict, "seconds": 1234.5, "cell": 7}
    (record,) = CommandRecord().fold([started, *rows, {**judged, "reason": "why\n\n" * 40}]).runs
    return record


@pytest.mark.parametrize("verdict", list(Verdict))
def test_nothing_of_a_runs_table_is_cut(verdict: Verdict) -> None:
    """A terminal of 80 columns breaks no name; other output has one line per run."""
    run = run_of(verdict, 0)
    for terminal in (True, False):
        console = Console(width=80, force_terminal=terminal, color_system=None, file=io.StringIO())
        print_table(console, [run])
        output = console.file.getvalue()  # type: ignore[attr-defined]
        assert "…" not in output
        table = output.partition("why")[0]
        wanted = f"{verdict} on attempt 2"
        assert "seconds" in table
        assert "1234.5" in table
        if terminal:
            assert all(word in table for word in wanted.split())
            assert table.splitlines()[0] == LONG
        else:
            assert f"{LONG}  {wanted} " in table


def test_failed_checks_that_are_not_shown_are_counted() -> None:
    """The table states how many failed checks are not shown, and which page has them."""
    console = Console(file=io.StringIO(), width=80)
    print_table(console, [run_of("failed", MAX_SHOWN_CHECKS + 3)])
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "... and 3 more failed checks, in r.html" in output
    assert len(output.splitlines()) == 1 + 1 + 1 + MAX_SHOWN_CHECKS + 1


CHECKED = "from securenet_obs.checks import Checks\nchecks = Checks()\n"
ATTEMPT = CHECKED + (
    "from pathlib import Path\n"
    "tries = Path({tries!r})\n"
    "number = len(tries.read_text()) if tries.exists() else 0\n"
    "tries.write_text('x' * (number + 1))\n"
    "checks.expect('it always fails', expected=0, observed=number + 1)\n"
    "checks.expect('it fails at first', expected=True, observed=number > 0)\n"
)


def test_a_check_has_one_line_whatever_the_attempts(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """A check has the line of its last attempt; the table and the lines count earlier attempts."""
    cell = ATTEMPT.format(tries=str(tmp_path / "tries"))
    outcome = execute(write_notebook(cell, name="01_flaky"), retries=2)
    console = Console(file=io.StringIO(), width=200)
    print_table(console, outcome.runs)
    _, row, why, *checks = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert row.split()[:5] == ["01_flaky", "failed", "on", "attempt", "3"]
    assert why.endswith("(attempt 3; earlier: 2 failed)")
    assert checks == [
        "  ✘ it always fails: expected 0, observed 3 (in 3 of 3 attempts)",
        "  ✘ it fails at first: expected True, observed False (in 1 of 3 attempts)",
    ]


def test_a_notebook_that_passed_on_a_later_attempt_has_its_failures_named(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """A flaky notebook has its earlier failures listed, although its verdict is `passed`."""
    cell = ATTEMPT.format(tries=str(tmp_path / "tries")).replace(
        "expected=0", "expected=number + 1"
    )
    outcome = execute(write_notebook(cell, name="01_flaky"), retries=2)
    console = Console(file=io.StringIO(), width=200)
    print_table(console, outcome.runs)
    _, row, *lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert row.split()[:5] == ["01_flaky", "passed", "on", "attempt", "2"]
    assert lines == [
        "01_flaky: passed on attempt 2; earlier: 1 failed",
        "  ✘ it fails at first: expected True, observed False (in 1 of 2 attempts)",
    ]


def test_the_links_of_a_failed_check_follow_its_line() -> None:
    """A terminal shows where to look, without the escapes of a foreign text."""
    row = {"event": "check", "run": "r", "cell": 1, "name": "a", "outcome": "failed"}
    links = [{"kind": "runbook", "text": "securenet-obs run x\x1b[31m"}]
    started = {"event": "run_started", "run": "r", "notebook": "n", "at": "now", "attempt": 1}
    judged = {"event": "judged", "run": "r", "verdict": "failed", "seconds": 1.0}
    record = CommandRecord().fold([{**started, "declared": []}, {**row, "links": links}, judged])
    console = Console(file=io.StringIO(), width=80)
    print_table(console, record.runs)
    *_, check, link = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert check.startswith("  ✘ a: expected")
    assert link == "      runbook: securenet-obs run x"


def test_a_failing_run_shows_its_changes_since_green(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Under its failed checks, the most likely cause first; without a green run it shows none."""
    judge = "from securenet_obs.checks import Checks\nchecks = Checks()\n"
    judge += "checks.expect('it is three', expected=3, observed=n); checks.conclude()"
    path = write_notebook(judge, name="01_limits", parameters="n: int = 3\nm: int = 1")

    def lines(*assignments: str) -> tuple[Outcome, list[str]]:
        outcome = execute(path, assignments=assignments)
        console = Console(file=io.StringIO(), width=200)
        print_table(console, outcome.runs)
        return outcome, console.file.getvalue().splitlines()  # type: ignore[attr-defined]

    assert not any("green" in line for line in lines("n=4")[1])
    green = lines()[0].folder.name
    outcome, output = lines("n=4", "m=2")
    assert output[-3] == f"  changed since the green run {green}:"
    assert output[-2].startswith("    1. parameter n: 3 -> 4 (")
    assert output[-1].startswith("    2. parameter m: 1 -> 2")
    (row,) = outcome.manifest["runs"]
    assert [change["what"] for change in row["changes_since_green"]] == ["n", "m"]
    assert row["last_green"]["command"] == green
    banner = json.loads((outcome.folder / "01_limits.ipynb").read_text())["cells"][0]["source"]
    assert banner.index("Changed since the green run") < banner.index("1. parameter n: 3 -&gt; 4")
