"""Files of waivers: their entries, and files that are refused."""

from datetime import date
from pathlib import Path

import pytest

from securenet_obs.errors import WaiverError
from securenet_obs.waivers import WaiverEntry, read_waiver_file

FILE = """
[[waiver]]
id = "a"
reason = "why"
expires = 2026-01-31
"""


def test_an_entry_holds_until_the_end_of_its_last_day(tmp_path: Path) -> None:
    """The field of the scope is optional, and unknown where there is none."""
    path = tmp_path / "waivers.toml"
    path.write_text(FILE)
    (entry,) = read_waiver_file(path)
    assert entry == WaiverEntry("a", "", "why", date(2026, 1, 31))
    assert not entry.has_expired(date(2026, 1, 31))
    assert entry.has_expired(date(2026, 2, 1))
    path.write_text(FILE + 'package = "p"\n')
    assert read_waiver_file(path, scope="package")[0].scope == "p"
    with pytest.raises(WaiverError, match="waiver 1 needs"):
        read_waiver_file(path)
    with pytest.raises(WaiverError, match="cannot be read"):
        read_waiver_file(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[waiver", "is not valid TOML"),
        ("waiver = 7", "is not a list of tables"),
        ('[[waiver]]\nid = "A"\nexpires = 2026-01-01\n', r"waiver 1 needs id"),
        ('[[waiver]]\nid = "A"\nreason = ""\nexpires = 2026-01-01\n', r"waiver 1 needs id"),
        ('[[waiver]]\nid = "A"\nreason = "b"\nexpires = "soon"\n', r"waiver 1 needs id"),
        (
            '[[waiver]]\nid = "A"\nreason = "b"\nexpires = 2026-01-01\npakage = "x"\n',
            "waiver 1 needs",
        ),
    ],
)
def test_an_invalid_waiver_is_refused(text: str, words: str, tmp_path: Path) -> None:
    """A misspelt field would accept more than was meant."""
    path = tmp_path / "waivers.toml"
    path.write_text(text)
    with pytest.raises(WaiverError, match=words):
        read_waiver_file(path, scope="package")
