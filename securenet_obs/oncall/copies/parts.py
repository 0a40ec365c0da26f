"""Secret parts of a reference's value: a URL's password, each key of API_KEYS, or all of it."""

from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from securenet_obs.errors import SettingsError
from securenet_obs.runner import Secret
from securenet_obs.settings import Settings

MIN_LENGTH = 8
"""Minimum length of a part: a shorter text occurs elsewhere by chance, and would be masked."""


def read_parts(secret: Secret) -> dict[str, SecretStr]:
    """Return the secret parts of a reference's value by name, as `API_KEYS of tenant-a`.

    Raises:
        SettingsError: the secret is not set, holds no secret part, or one that is too short.
    """
    parts = _split(secret.name, secret.get_secret_value())
    if not parts:
        raise SettingsError(f"{secret} holds no secret: a URL without a password, or nothing.")
    for name, part in parts.items():
        if len(part.get_secret_value()) < MIN_LENGTH:
            raise SettingsError(
                f"{secret}: {name} is shorter than {MIN_LENGTH} characters; such a text occurs "
                "elsewhere by chance, and would be masked there."
            )
    return parts


def _split(name: str, value: str) -> dict[str, SecretStr]:
    if name == "API_KEYS":
        keys = Settings(api_keys=SecretStr(value)).tenant_keys
        return {f"{name} of {tenant}": key for tenant, key in keys.items()}
    if "://" in value:
        password = unquote(urlsplit(value).password or "")
        return {name: SecretStr(password)} if password else {}
    return {name: SecretStr(value)} if value else {}
