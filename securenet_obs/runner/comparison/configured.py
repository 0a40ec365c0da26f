"""Facts of a target's configuration: settings and parts of its state; digests for secrets."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from securenet_obs.redaction import redact_text
from securenet_obs.runner.target import Target
from securenet_obs.settings import Settings

KEY_FILE = ".digest-key"
"""File beside the evidence folders with the key of the digests; only its owner can read it."""

_SECRET_NAME = re.compile(r"(pass|password|auth|secret|token)$", re.IGNORECASE)
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost):\d+")
_LOGIN = re.compile(r"://[^/@\s]*@")
_RUN = re.compile(r"\brun-[0-9a-f]{8}\b")
_VOLATILE = frozenset({"port", "dir", "pidfile", "logfile", "dbfilename"})


class Digests:
    """Digests of secrets, which are comparable among the commands of one evidence root.

    A digest is keyed and short: without the key it confirms no guess, and it restores no secret.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / KEY_FILE

    @cached_property
    def _key(self) -> bytes:
        return _read_key(self._path)

    def digest(self, value: str) -> str:
        """Return the digest of a secret."""
        found = hmac.new(self._key, value.encode("utf-8", "surrogateescape"), hashlib.sha256)
        return f"digest {found.hexdigest()[:8]}"


def _read_key(path: Path) -> bytes:
    """Return the key in a file; a missing one is created once, and an unwritable one not kept."""
    key = secrets.token_bytes(32)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_bytes()
    except OSError:
        return key
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    return key


def read_settings(target: Target, digests: Digests) -> dict[str, str]:
    """Return the settings of a target; secrets are digests.

    A local stack has new ports, passwords and folders at each start, which do not count.
    """
    public = {name: value for name, value in target.facts().items() if name != "name"}
    hidden = {
        name.upper(): target.environment.get(name.upper(), "")
        for name, field in Settings.model_fields.items()
        if field.annotation is SecretStr
    }
    places = {name: _place(value) for name, value in hidden.items() if name.endswith("_URL")}
    if target.local:
        settled = {name: _settle(value) for name, value in (public | places).items() if value}
        return dict(sorted(settled.items()))
    hashed = {
        name: f"{places.get(name, '')} {digests.digest(value)}".strip()
        for name, value in hidden.items()
        if value
    }
    return dict(sorted((public | hashed).items()))


def _place(url: str) -> str:
    """Return a URL without its login and its query, where secrets are; empty if it is not one."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = f"{parts.hostname or ''}{port}"
    return urlunsplit((parts.scheme, host, parts.path, "", "")) if parts.scheme else ""


def read_state(target: Target, values: Mapping[str, str], digests: Digests) -> dict[str, str]:
    """Return the configuration of a part of a target, such as Redis; secrets are digests."""
    facts = {}
    for name, value in sorted(values.items()):
        if target.local and (name in _VOLATILE or _SECRET_NAME.search(name)):
            continue
        is_secret = _SECRET_NAME.search(name) and value
        facts[name] = digests.digest(value) if is_secret else _settle(redact_text(value))
    return facts


def _settle(value: str) -> str:
    """Return a value without ports of loopback, logins and names that each stack has anew."""
    return _RUN.sub("run", _LOGIN.sub("://", _LOOPBACK.sub(r"\1", value)))
