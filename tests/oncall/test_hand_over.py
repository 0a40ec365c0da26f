"""The note has what was seen, done and left open, without secrets."""

from securenet_obs.checks import Check
from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.hand_over import Record, write_note

STEP = Manual("restart it", "restart worker")


def test_the_note_of_a_run_with_everything() -> None:
    """Rows that do not apply, and checks that were skipped, are left out."""
    record = Record([Row("gone", True, "no answer", STEP), Row("slow", False, "3 < 5")])
    record.done["restart it"] = "redis://:s3cr3t-pw@host/0 is ready"
    record.open["purge"] = "not confirmed"
    record.stops["memory above 95 %"] = "97 %"
    checks = [Check("it answers", "passed", "yes", "yes"), Check("other", "skipped", reason="x")]
    note = write_note("worker_is_gone", {"environment": "staging"}, "Ann", record, checks)
    sections = note.split("\n\n")
    assert sections[0].startswith("### worker_is_gone, 20")
    assert sections[0].endswith("by Ann")
    assert sections[2] == "**Seen**\n- gone: no answer"
    assert sections[3].startswith("**Done**\n- restart it: redis://")
    assert sections[3].endswith("- verified: it answers: passed, observed yes")
    assert sections[4] == (
        "**Open**\n- purge (not confirmed)\n- stop: memory above 95 %, observed 97 %"
    )
    assert "s3cr3t-pw" not in note


def test_the_note_of_a_run_without_anything() -> None:
    """Each section says that it is empty."""
    note = write_note("r", {}, "Ann", Record(), [])
    assert "no row of the decision table applied" in note
    assert note.count("- nothing") == 2
