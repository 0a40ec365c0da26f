"""Health as one line."""

from securenet_obs.probes.health.health import Health


def test_a_line_has_part_state_and_observation() -> None:
    """The states differ in more than a word that a search for `healthy` finds in both."""
    assert Health("beat", True, "ticks").format() == "beat: healthy: ticks"
    assert Health("beat", False, "[old]").format() == "beat: NOT HEALTHY: [old]"
