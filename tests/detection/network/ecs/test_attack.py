"""MITRE ATT&CK in rule names."""

import csv
from typing import Any

import pytest

from securenet_obs.detection.network.ecs.attack import ATTACK_FIELDS, parse_rule_name
from tests.detection.network.recorded import DATA, needs_ecs

FRAMEWORK = {"threat.framework": "MITRE ATT&CK"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "technique_id=T1055,technique_name=Process Injection",
            {"threat.technique.id": ["T1055"], "threat.technique.name": ["Process Injection"]},
        ),
        (
            "technique_id=T1059.001,technique_name=Command, and PowerShell",
            {
                "threat.technique.id": ["T1059"],
                "threat.technique.subtechnique.id": ["T1059.001"],
                "threat.technique.subtechnique.name": ["Command, and PowerShell"],
            },
        ),
        (
            "tactic_id=TA0002,tactic_name=Execution, technique_id=T1204",
            {
                "threat.technique.id": ["T1204"],
                "threat.tactic.id": ["TA0002"],
                "threat.tactic.name": ["Execution"],
            },
        ),
        ("technique_id=T1055", {"threat.technique.id": ["T1055"]}),
        ("technique_id=T55,technique_name=Odd", {}),
        ("technique_name=Process Injection", {}),
        ("a technique_id=T1055", {}),
        ("RDP", {}),
        ("-", {}),
        (7, {}),
        ("technique_id=T1055," + "x" * 1000, {}),
    ],
)
def test_a_rule_name_with_a_technique_has_threat_fields(
    text: object, expected: dict[str, Any]
) -> None:
    """Any other name has none."""
    found = parse_rule_name(text)
    assert found == (FRAMEWORK | expected if expected else {})
    assert found.keys() <= ATTACK_FIELDS


@needs_ecs
def test_the_fields_are_lists_where_ecs_has_lists() -> None:
    """All are keywords."""
    with (DATA / "ecs" / "fields.csv").open() as file:
        known = {row["field"]: row for row in csv.DictReader(file)}
    lists = {name for name in ATTACK_FIELDS if known[name]["normalization"] == "array"}
    assert {known[name]["type"] for name in ATTACK_FIELDS} == {"keyword"}
    assert lists == ATTACK_FIELDS - {"threat.framework"}
