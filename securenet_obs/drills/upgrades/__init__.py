"""Rehearsed upgrades: services with other packages beside today's, before anyone deploys them."""

from securenet_obs.drills.upgrades.overlay import Overlay, build_overlay
from securenet_obs.drills.upgrades.rehearsal import (
    COMBINATIONS,
    PLAIN_WORKER,
    REHEARSED_DRILLS,
    Combination,
    Rehearsal,
    Rehearsing,
    Trial,
)
from securenet_obs.drills.upgrades.report import render_rehearsal, serialise_rehearsal

__all__ = [
    "COMBINATIONS",
    "PLAIN_WORKER",
    "REHEARSED_DRILLS",
    "Combination",
    "Overlay",
    "Rehearsal",
    "Rehearsing",
    "Trial",
    "build_overlay",
    "render_rehearsal",
    "serialise_rehearsal",
]
