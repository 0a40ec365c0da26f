"""MITRE ATT&CK in the rule names of Sysmon: `technique_id=T1055,technique_name=Process Injection`.

The names are those of the configurations that Sysmon's users share, sysmon-modular for one:
https://github.com/olafhartong/sysmon-modular
"""

import re
from typing import Any

ATTACK_FIELDS = frozenset({
    "threat.framework", "threat.tactic.id", "threat.tactic.name", "threat.technique.id",
    "threat.technique.name", "threat.technique.subtechnique.id",
    "threat.technique.subtechnique.name",
})  # fmt: skip
"""ECS fields that `parse_rule_name` may return; all are lists but the first."""

_PAIR = re.compile(r"(?:^|,)\s*(technique|tactic)_(id|name)=")
_TACTIC = re.compile(r"TA\d{4}")
_TECHNIQUE = re.compile(r"(T\d{4})(?:\.\d{3})?")
_MAX_LENGTH = 1000


def parse_rule_name(value: object) -> dict[str, Any]:
    """Return the ECS fields of a rule name with techniques or tactics; {} for any other value.

    The id of a subtechnique, such as T1059.001, names its technique, too; the name that a rule has
    beside it is that of the subtechnique.
    """
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        return {}
    _, *parts = _PAIR.split(value)
    pairs = {
        (kind, what): text.strip()
        for kind, what, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }
    fields = {**_technique(pairs), **_tactic(pairs)}
    return {"threat.framework": "MITRE ATT&CK", **fields} if fields else {}


def _technique(pairs: dict[tuple[str, str], str]) -> dict[str, Any]:
    identifier = pairs.get(("technique", "id"), "")
    known = _TECHNIQUE.fullmatch(identifier)
    if known is None:
        return {}
    fields: dict[str, Any] = {"threat.technique.id": [known[1]]}
    named = "threat.technique"
    if identifier != known[1]:
        named = "threat.technique.subtechnique"
        fields[f"{named}.id"] = [identifier]
    name = pairs.get(("technique", "name"))
    return fields | ({f"{named}.name": [name]} if name else {})


def _tactic(pairs: dict[tuple[str, str], str]) -> dict[str, Any]:
    identifier, name = pairs.get(("tactic", "id"), ""), pairs.get(("tactic", "name"))
    if _TACTIC.fullmatch(identifier) is None:
        return {}
    return {"threat.tactic.id": [identifier]} | ({"threat.tactic.name": [name]} if name else {})
