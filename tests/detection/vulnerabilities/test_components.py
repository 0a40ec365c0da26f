"""Components and problems of inventories."""

from securenet_obs.detection.vulnerabilities.components import (
    Component,
    Inventory,
    Package,
    Problem,
)

COMPONENT = Component(Package("PyPI", "left-pad"), "Left_Pad", "1.0", "r.txt:3", "not pinned")


def test_a_component_is_the_same_after_json() -> None:
    """The store keeps every field."""
    assert Component.from_json(COMPONENT.as_json()) == COMPONENT


def test_an_inventory_separates_components_and_problems() -> None:
    """Both keep their order."""
    problems = [Problem("r.txt:1", "a"), Problem("r.txt:2", "b")]
    inventory = Inventory().add([problems[0], COMPONENT, problems[1]])
    assert (inventory.components, inventory.problems) == ([COMPONENT], problems)
    assert problems[0].as_json() == {"place": "r.txt:1", "reason": "a"}
