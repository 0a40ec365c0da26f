"""Reader of lists of purls."""

from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.detection.vulnerabilities.components import Problem
from securenet_obs.detection.vulnerabilities.inventory.purls import (
    read_purl,
    read_purl_lines,
    read_purls,
)


def test_lists_have_places() -> None:
    """Lines are numbered from 1, items from 0; blank lines and comments are skipped."""
    entries = list(read_purl_lines("# all\n\n pkg:pypi/a@1 \nnonsense\n", "p.txt"))
    assert [entry.place for entry in entries] == ["p.txt:3", "p.txt:4"]
    assert isinstance(entries[1], Problem)
    assert [entry.place for entry in read_purls(["pkg:pypi/a@1", 7], "p")] == ["p[0]", "p[1]"]


@settings(max_examples=50)
@given(st.text(max_size=40).map(lambda text: f"pkg:{text}") | st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is a component or a problem."""
    assert read_purl(text, "x").place == "x"
