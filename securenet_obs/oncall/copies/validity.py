"""Validity of a leaked secret: asks the part of the target that accepts it, if one can be asked."""

from pydantic import SecretStr

from securenet_obs.api.api_keys import tenant_of_key
from securenet_obs.errors import ForbiddenError
from securenet_obs.oncall.copies.parts import read_parts
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.runner import Secret
from securenet_obs.store import session_scope

_REDIS = ("REDIS_URL", "RESULT_URL")


def is_valid(reference: Secret, name: str, value: SecretStr) -> bool | None:
    """Return whether a secret is still accepted; None if nothing can be asked.

    A key of a tenant is looked up in the store by its hash, a password of Redis is tried. Of any
    other, the reference is read anew: with another value the secret counts as replaced.

    Args:
        reference: the reference that the secret was read from.
        name: name of the secret, as `read_parts` returns it.
        value: the leaked value.

    Raises:
        StoreUnavailableError: the store does not answer.
        UnreachableError: Redis does not answer.
    """
    if reference.name == "API_KEYS":
        with session_scope() as session:
            return tenant_of_key(session, value.get_secret_value()) is not None
    if reference.name in _REDIS:
        return _opens_redis(reference)
    is_same = read_parts(reference).get(name) == value
    return None if is_same else False


def _opens_redis(reference: Secret) -> bool:
    url = SecretStr(reference.get_secret_value())
    try:
        with translate_redis_errors(url, reference.name), open_redis(url, reference.name) as client:
            client.ping()
    except ForbiddenError:
        return False
    return True
