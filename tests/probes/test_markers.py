"""Markers of a run: canaries and fake secrets."""

from securenet_obs.probes import generate_canary, generate_secret


def test_markers_are_unique() -> None:
    """A canary of another run is never found."""
    assert (
        len({generate_canary() for _ in range(100)} | {generate_secret() for _ in range(100)})
        == 200
    )
