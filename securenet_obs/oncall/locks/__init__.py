"""Incident locks: the user that acts on a target, since when; in Redis or in the store."""

from securenet_obs.oncall.locks.holder import EXPIRY_S, Holder
from securenet_obs.oncall.locks.incident_lock import IncidentLock, Place
from securenet_obs.oncall.locks.target_lock import create_lock

__all__ = ["EXPIRY_S", "Holder", "IncidentLock", "Place", "create_lock"]
