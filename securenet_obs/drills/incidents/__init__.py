"""Incidents: faults of a local stack, each with the runbook, and its row, that must mend it."""

from securenet_obs.drills.incidents.catalog import INCIDENTS
from securenet_obs.drills.incidents.crossing import cross, render_cross
from securenet_obs.drills.incidents.incident import Incident, Proof
from securenet_obs.drills.incidents.proving import prove, prove_on, render_proofs

__all__ = [
    "INCIDENTS",
    "Incident",
    "Proof",
    "cross",
    "prove",
    "prove_on",
    "render_cross",
    "render_proofs",
]
