"""Colours of plots."""

from securenet_obs.plots import LEVEL_COLOURS
from securenet_obs.probes import LEVELS


def test_every_level_has_a_colour_of_its_own() -> None:
    """An error is red in each plot, whichever levels it shows."""
    assert tuple(LEVEL_COLOURS) == LEVELS
    assert len(set(LEVEL_COLOURS.values())) == len(LEVELS)
    red, green, blue = bytes.fromhex(LEVEL_COLOURS["error"].removeprefix("#"))
    assert red > 2 * max(green, blue)
