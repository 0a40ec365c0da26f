"""Masks the secrets of a target and a run, also encoded, in texts, sources, JSON and outputs."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from securenet_obs.errors import SettingsError
from securenet_obs.redaction import MASK, TEXT_RULES, Redactor, redact, redact_text
from securenet_obs.redaction.spellings import find_encodings, find_escapes
from securenet_obs.runner.notebook.parameters.json_values import as_text, secrets_in
from securenet_obs.runner.notebook.parameters.secret import Secret
from securenet_obs.settings import Settings

MIN_LENGTH = 6
"""Minimum length of a value to be masked by value: shorter ones occur everywhere by chance."""

MIN_TOKEN_LENGTH = 16
"""Minimum length of a part of a notification's address that is masked as a token."""

_SECRET_NAME = re.compile(r"(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|_KEY|_DSN)$", re.IGNORECASE)
_REFERENCE = re.compile(r"(\bSecret\b|\bsecret:[A-Z][A-Z0-9_]*\b)")
"""Text that refers to a secret without being one: `token: Secret = Secret("secret:API_TOKEN")`."""

_TOKENS = Redactor(TEXT_RULES)
"""Finds secrets by their form alone; rules by name would match ordinary variables in code."""

_BINARY = ("image/", "application/pdf", "audio/", "video/")


class Masker:
    """Masks the given values, and all that the project's redaction rules recognise."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = {value for value in values if len(value) >= MIN_LENGTH}

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        spellings = {text for value in self._values for text in _find_spellings(value)}
        longest_first = sorted(spellings, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first))) if spellings else None

    def exact(self, text: str) -> str:
        """Return the text with the known values masked."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def text(self, text: str) -> str:
        """Return the text with the known values and anything that looks like a secret masked."""
        parts = _REFERENCE.split(self.exact(text))
        return "".join(part if odd % 2 else redact_text(part) for odd, part in enumerate(parts))

    def source(self, text: str) -> str:
        """Return an author's code or prose with the known values and tokens masked."""
        return _TOKENS.redact_text(self.exact(text))

    def value(self, value: Any) -> Any:
        """Return a copy of a foreign JSON value, masked by its texts and by its keys."""
        return redact(self.texts(value))

    def texts(self, value: Any) -> Any:
        """Return a copy of one of our own JSON values, with every text masked."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self.exact(str(name)): self.texts(part) for name, part in value.items()}
            case list() | tuple():
                return [self.texts(part) for part in value]
        return value

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a run's parameters as JSON: secrets as references, all other values masked."""
        return {
            name: as_text(value)
            if secrets_in({name: value})
            else self.value({name: as_text(value)})[name]
            for name, value in values.items()
        }

    def bundle(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a masked MIME bundle; binary representations are masked by known values only."""
        return {
            self.exact(kind): self.exact(part)
            if kind.startswith(_BINARY) and isinstance(part, str)
            else self.value(part)
            for kind, part in data.items()
        }


def _find_spellings(value: str) -> Iterator[str]:
    yield from find_escapes(value)
    yield from find_encodings(value.encode("utf-8", "surrogateescape"))


def masker_for(environment: Mapping[str, str], secrets: Iterable[Secret] = ()) -> Masker:
    """Return a masker for the secrets in a target's environment and a run's parameters."""
    return Masker([*_environment_values(environment), *_referenced(environment, secrets)])


def _environment_values(environment: Mapping[str, str]) -> Iterator[str]:
    fields = {
        name.upper()
        for name, field in Settings.model_fields.items()
        if field.annotation is SecretStr
    }
    for name, value in environment.items():
        if name == "NOTIFY_URLS":
            yield from (part for url in value.split() for part in (url, *_long_parts(url)))
        if "://" in value:
            for url in value.split():
                yield from _passwords(url)
        elif name == "API_KEYS":
            yield from (pair.rpartition("=")[2].strip() for pair in value.split(","))
        elif name in fields or _SECRET_NAME.search(name):
            yield value


def _long_parts(url: str) -> Iterator[str]:
    """Yield the parts of a URL that are as long as a token; shorter ones may be ordinary words."""
    parts = re.split(r"[/?&=:@,]+", url.partition("://")[2])
    yield from (part for part in parts if len(part) >= MIN_TOKEN_LENGTH)


def _passwords(url: str) -> Iterator[str]:
    """Yield the password in a URL, as written and decoded."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)


def _referenced(environment: Mapping[str, str], secrets: Iterable[Secret]) -> Iterator[str]:
    for secret in secrets:
        try:
            yield environment.get(secret.name) or secret.get_secret_value()
        except SettingsError:
            # The kernel cannot read such a secret either, and reports it.
            continue
