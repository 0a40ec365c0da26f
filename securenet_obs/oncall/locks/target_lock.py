"""The incident lock of a target: in Redis, or in the store for a runbook that repairs Redis."""

from securenet_obs.oncall.locks.in_redis import RedisPlace
from securenet_obs.oncall.locks.incident_lock import IncidentLock, Place
from securenet_obs.settings import Settings


def create_lock(settings: Settings, place: str) -> IncidentLock:
    """Return the incident lock of a target.

    Args:
        settings: those of the target.
        place: `redis` or `store`; acting looks into the other place, too.
    """

    def open_redis() -> Place:
        return RedisPlace(settings)

    def open_store() -> Place:
        # Imported here: a look needs no SQLAlchemy, which takes as long to load as all the rest.
        from securenet_obs.oncall.locks.in_store import StorePlace

        return StorePlace(settings)

    if place == "store":
        return IncidentLock(open_store(), open_redis)
    return IncidentLock(open_redis(), open_store)
