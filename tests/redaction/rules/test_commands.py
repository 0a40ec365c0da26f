"""The table of commands."""

import re

from securenet_obs.redaction import COMMAND_RULE
from securenet_obs.redaction.rules.commands import program


def test_every_program_is_found_by_pattern_and_anchor() -> None:
    """A command line's bytes make it suspect, and its text names the program."""
    for name in COMMAND_RULE.programs:
        line = f"run: {name} -x y"
        assert re.search(COMMAND_RULE.anchor, line.encode())
        assert any(found[0].lower() == name for found in COMMAND_RULE.compiled.finditer(line))


def test_a_program_has_no_folder() -> None:
    """A path of either system ends with the program's name."""
    assert program("/usr/bin/Curl") == program("C:\\tools\\curl") == "curl"
