"""Validates the syntax of Sentry, API, Redis and database URLs in settings, without connecting."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlsplit

_PORT = "its port is not a number from 0 to 65535"


def invalid_addresses(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a reason for each variable with an unusable address; no reason repeats the address."""
    problems = {
        name: problem
        for name, check in ADDRESS_CHECKS.items()
        if (value := variables.get(name, "").strip()) and (problem := check(value))
    }
    project = variables.get("SENTRY_PROJECT", "").strip()
    if variables.get("SENTRY_BACKEND") == "bugsink" and project and not project.isdecimal():
        problems["SENTRY_PROJECT"] = (
            "Bugsink needs the project's number, which is the last part of its DSN"
        )
    return problems


def _web_problem(url: str) -> str:
    parts = _parse_url(url, ("http", "https"), "https://host:8000")
    return parts if isinstance(parts, str) else _host_problem(parts)


def _dsn_problem(url: str) -> str:
    """Return why a URL is not a Sentry DSN, https://key@host/project; empty if it is one."""
    parts = _parse_url(url, ("http", "https"), "https://key@host/1")
    if isinstance(parts, str):
        return parts
    if not parts.username:
        return "it has no key; a DSN is of the form https://key@host/1"
    if not parts.path.rpartition("/")[2]:
        return "it has no project; a DSN is of the form https://key@host/1"
    return _host_problem(parts)


def _redis_problem(url: str) -> str:
    """Return why a URL is not a Redis address; without a host, clients would use their default."""
    parts = _parse_url(url, ("redis", "rediss", "unix"), "redis://host:6379/0")
    if isinstance(parts, str) or parts.scheme == "unix":
        return parts if isinstance(parts, str) else ""
    return _host_problem(parts)


def _database_problem(url: str) -> str:
    """Return why SQLAlchemy cannot parse a URL; its passwords may contain / and #."""
    match = re.fullmatch(r"[A-Za-z][\w+]*://(?:[^@]*@)?([^/?]*).*", url, re.DOTALL)
    if match is None:
        return "it has no scheme, for instance postgresql://host:5432/name"
    port = match[1].rpartition("]")[2].partition(":")[2]
    return _PORT if port and not port.isdecimal() else ""


def _parse_url(url: str, schemes: tuple[str, ...], example: str) -> SplitResult | str:
    """Return the parts of a URL with one of these schemes, or the reason why it is invalid."""
    if any(character.isspace() or not character.isprintable() for character in url):
        return "it contains white space or a control character"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return _PORT if "Port" in str(error) else "it is not a URL"
    if parts.scheme not in schemes or not url.lower().startswith(f"{parts.scheme}://"):
        *others, last = (f"{scheme}://" for scheme in schemes)
        return f"it must start with {', '.join(others)} or {last}, for instance {example}"
    return parts


def _host_problem(parts: SplitResult) -> str:
    return "" if parts.hostname else "it has no host"


ADDRESS_CHECKS: Mapping[str, Callable[[str], str]] = {
    "SENTRY_DSN": _dsn_problem,
    "SENTRY_URL": _web_problem,
    "SENTRY_RELAY_URL": _web_problem,
    "API_URL": _web_problem,
    "REDIS_URL": _redis_problem,
    "RESULT_URL": _redis_problem,
    "VALIDATION_BROKER_URL": _redis_problem,
    "DATABASE_URL": _database_problem,
}
"""Name of a variable with an address -> the function that validates it."""
