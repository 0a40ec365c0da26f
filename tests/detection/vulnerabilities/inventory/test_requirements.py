"""Reader of requirements.txt."""

from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.detection.vulnerabilities.components import Component, Problem
from securenet_obs.detection.vulnerabilities.inventory.requirements import (
    included_files,
    read_requirements,
)

TEXT = """\
# comment
Django==3.2  # why
requests[socks]==2.30.0 ; python_version < "4" \\
    --hash=sha256:aa \\
    --hash=sha256:bb
--index-url https://example.org/simple
-c limits.txt
-r more.txt
-e ./local
flask>=2,<3
jinja2==3.*
tool @ https://example.org/tool-1.0.tar.gz
???
PyYAML===5.3
"""


def test_each_line_is_a_component_or_a_problem() -> None:
    """Pins are read with any marker, hash and comment; unpinned ones have the reason."""
    entries = list(read_requirements(TEXT, "r.txt"))
    components = [entry for entry in entries if isinstance(entry, Component)]
    pinned = {row.package.name: (row.version, row.place) for row in components if not row.unjudged}
    assert pinned == {
        "django": ("3.2", "r.txt:2"),
        "requests": ("2.30.0", "r.txt:3"),
        "pyyaml": ("5.3", "r.txt:14"),
    }
    assert {row.name: row.unjudged for row in components if row.unjudged} == {
        "flask": "its version is not pinned by ==",
        "jinja2": "its version is not pinned by ==",
        "tool": "it is installed from a URL",
    }
    assert [row.place for row in entries if isinstance(row, Problem)] == ["r.txt:9", "r.txt:13"]
    assert list(included_files(TEXT)) == [(8, "more.txt")]


@settings(max_examples=50)
@given(st.lists(st.sampled_from([*TEXT.splitlines(), "", "\\", "a==1\\", "\t", "\x00", "a==1#b"])))
def test_no_line_is_lost(lines: list[str]) -> None:
    """Any text is read to its end: each line that begins with a name has an entry."""
    entries = list(read_requirements("\n".join(lines), "r.txt"))
    places = {entry.place for entry in entries}
    for number, line in enumerate(lines, 1):
        continues = number > 1 and lines[number - 2].endswith("\\")
        if line[:1].isalpha() and not continues:
            assert f"r.txt:{number}" in places
