"""Collects the facts that the runs of a command share, before the first of them starts."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from securenet_obs.errors import SecureNetObsError
from securenet_obs.runner.comparison.configured import Digests, read_settings, read_state
from securenet_obs.runner.comparison.differences import COMMIT, RELEASES
from securenet_obs.runner.comparison.facts import CODE, PACKAGE, SETTING, Facts
from securenet_obs.runner.comparison.installed import read_code, read_packages
from securenet_obs.runner.target import Target

StateReader = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Reads the configuration of a part of a target, by the target's variables.

It raises a `SecureNetObsError` if the part does not answer; the message is the reason then.
"""


def collect(
    target: Target, root: Path, commit: str | None, readers: Mapping[str, StateReader]
) -> Facts:
    """Return the facts of this installation and of a target; a part that fails has a reason.

    Args:
        target: environment under test.
        root: folder that contains the evidence folders, with the key of the digests.
        commit: commit of the working copy, if there is one.
        readers: kind of facts -> its reader.
    """
    digests = Digests(root)
    settings = read_settings(target, digests)
    code = read_code() | ({COMMIT: commit} if commit else {})
    code |= {name: settings.pop(name) for name in RELEASES if name in settings}
    kinds = {CODE: code, PACKAGE: read_packages(), SETTING: settings}
    absent = {}
    for kind, reader in readers.items():
        try:
            values = reader(target.environment)
        except SecureNetObsError as error:
            absent[kind] = str(error)
            continue
        kinds[kind] = read_state(target, values, digests)
    return Facts(kinds, absent)


def format_facts(facts: Facts) -> str:
    """Return the text of a file with the facts."""
    return json.dumps(facts.as_json(), indent=1) + "\n"
