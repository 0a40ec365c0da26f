"""The page of a dossier."""

from dataclasses import replace

import pytest

from securenet_obs.oncall.dossiers.choice import Choice
from securenet_obs.oncall.dossiers.looks import Look
from securenet_obs.oncall.dossiers.page import (
    FAILED,
    NO_MATCH,
    TIE,
    describe_outcome,
    render_page,
)
from tests.oncall.dossiers.waiting import taken
from tests.vendor_alerts import event_alert

ALERT = taken(event_alert("a.Error: <script>alert(1)</script>"))
ONE = Choice(("one",), ("the pattern matches: <b>",))
TWO = Choice(("one", "two"), ("a", "b"))
NONE = Choice((), ("the alert names 'x', which is not a runbook here",))
LOOK = Look("one", "One", "securenet-obs run one", outputs=("<table>seen</table>",))
APPLIES = replace(LOOK, applying=("the queue <grows>",))
FAILING = replace(LOOK, problem="unreachable: <Redis>")


@pytest.mark.parametrize(
    ("choice", "looks", "outcome", "text"),
    [
        (ONE, None, "looking", "The look is running"),
        (ONE, [LOOK], "no row applies", "No row applies."),
        (ONE, [APPLIES], "row applies", "the queue &lt;grows&gt;"),
        (ONE, [FAILING], "look failed", f"{FAILED}: unreachable: &lt;Redis&gt;"),
        (TWO, [LOOK, APPLIES], "ambiguous", TIE),
        (NONE, [], "no runbook", NO_MATCH),
    ],
)
def test_a_page_has_its_outcome(
    choice: Choice, looks: list[Look] | None, outcome: str, text: str
) -> None:
    """An ambiguous or failing match says so; everything of the alert is escaped."""
    assert describe_outcome(choice, looks) == outcome
    page = render_page(ALERT, choice, looks, "first <look>", "securenet-obs next")
    assert text in page
    assert "first &lt;look&gt;" in page
    assert "securenet-obs next" in page
    assert "<script>" not in page
    assert ("<table>seen</table>" in page) == bool(looks)


def test_a_failed_look_has_the_probe_and_its_own_command() -> None:
    """The probe comes first, then the command that repeats the look."""
    look = replace(LOOK, problem="unreachable: redis://h:1/0 (REDIS_URL) does not answer")
    page = render_page(ALERT, ONE, [look], "no answer", look.next_command)
    shown = page.split("<h2>One</h2>")[1]
    assert 0 < shown.index("securenet-obs probe redis<") < shown.index("securenet-obs run one<")
