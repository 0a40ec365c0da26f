"""A proof passes with all three: found, acted, verified."""

from itertools import product

from securenet_obs.drills.incidents.incident import Proof


def test_all_three_are_required() -> None:
    """Any one that is missing fails it."""
    outcomes = [Proof("i", "r", *three).outcome for three in product((True, False), repeat=3)]
    assert outcomes == ["passed", *["failed"] * 7]
