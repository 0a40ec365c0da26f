"""Validates matches of text rules: by checksum, encoding, mixture of characters, or context."""

import base64
import ipaddress
import re

from securenet_obs.redaction.rules.key_rules import KEY_RULES
from securenet_obs.redaction.rules.names import Names
from securenet_obs.redaction.rules.shapes import PUBLIC, is_random

_NAMES = Names(rule for rule in KEY_RULES if not rule.pii)


def has_digit(match: re.Match[str]) -> bool:
    """Return whether the text is long or contains a digit, unlike a word of prose."""
    return len(match["secret"]) >= 16 or any(map(str.isdigit, match["secret"]))


_DATA_SCHEME = re.compile(
    r"(?:rediss?|valkeys?|postgres(?:ql)?|mysql|mariadb|mssql|oracle|mongodb|amqps?|ldaps?|smtps?"
    r"|imaps?|s?ftps?|ssh|mqtts?|nats|kafka|clickhouse|cassandra)(?:\+\w{1,20})?$",
    re.IGNORECASE,
)


def follows_data_scheme(match: re.Match[str]) -> bool:
    """Return whether the URL is a database's or the like, whose user may have any character."""
    return _DATA_SCHEME.search(match.string, max(0, match.start() - 40), match.start()) is not None


def has_random_secret(match: re.Match[str]) -> bool:
    """Return whether the text has the mixture of characters of a generated token."""
    return is_random(match["secret"])


def is_mixed(match: re.Match[str]) -> bool:
    """Return whether the text contains digits and letters of both cases."""
    return all(any(map(kind, match[0])) for kind in (str.isdigit, str.isupper, str.islower))


def is_basic(match: re.Match[str]) -> bool:
    """Return whether the text is the base64 of `user:password`."""
    text = match["secret"].rstrip("=")
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return False
    return ":" in plain and plain.isprintable()


def is_jwt(match: re.Match[str]) -> bool:
    """Return whether the text has enough parts of sufficient length for a JWT."""
    header, *parts = match[0].split(".")
    return len(parts) >= 2 and len(header) >= 10 and (len(parts[0]) >= 4 or len(parts) == 4)


def is_not_dsn(match: re.Match[str]) -> bool:
    """Return whether the text is a token, and not the public key of a Sentry DSN."""
    return has_digit(match) and re.fullmatch("[0-9a-f]{32}", match["secret"]) is None


_TERM = re.compile(
    r"(?i:(?:pbkdf|bcrypt|scrypt|argon|sha|md|aes|rsa|hmac|base|utf|rfc|cve|iso|iec|nist|sp|hs|rs|es)[-_]?\d"
    r"|oauth|saml|https?|ipv|mfa|t\d{4}|cve-).*"
    r"|v?\d+(?:[.,-]\d+)*[-_]?[a-z]*"  # a version, a count with its unit
    r"|(?i:user|host|field|col|column|param|arg|attempt|test|rule|item|row|line|level|type|step|slot"
    r"|option|node|server|account|version|phase|part|input|key|group|round|case|value|db)s?\d{1,4}\w*"
    r"|[/~.*$%].*|[A-Za-z]+[-_]\d{1,5}|[A-Z]{1,6}-?\d{1,6}"  # a host, a ticket
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,5}"  # an address, a file
)
"""Terms with a digit that may follow the word password in prose."""


def is_password_word(match: re.Match[str]) -> bool:
    """Return whether the word after `password` mixes letters with digits or signs, unlike prose."""
    word = match["secret"].rstrip(".!?")
    has_sign = any(sign in word for sign in "0123456789!#$%^&*~+")
    is_mixed_word = has_sign and any(map(str.isalpha, word))
    return is_mixed_word and not _TERM.fullmatch(word) and not PUBLIC.fullmatch(word)


def is_mixed_word(match: re.Match[str]) -> bool:
    """Return whether a word like a password is random, unlike the name of a class."""
    return is_password_word(match) and is_random(match["secret"], 8, 0.5)


def is_typed_or_password(match: re.Match[str]) -> bool:
    """Return whether the text after a device's command has its type before it, or is a password."""
    return match["type"] is not None or is_password_word(match)


_ISSUER = re.compile(
    r"(?:4|5[1-5]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|6(?:011|4[4-9]|5)|35(?:2[89]|[3-8]\d)"
    r"|62)\d*|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
)


def is_card(match: re.Match[str]) -> bool:
    """Return whether the number has a valid Luhn check digit and a card issuer's prefix."""
    digits = re.sub(r"\D", "", match[0])
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    total = sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)
    return total % 10 == 0 and _ISSUER.fullmatch(digits) is not None


def is_ipv6(match: re.Match[str]) -> bool:
    """Return whether the text is an IPv6 address, and not a time of day."""
    try:
        ipaddress.IPv6Address(match[0])
    except ValueError:
        return False
    return True


def inserts_secret(match: re.Match[str]) -> bool:
    """Return whether a column has the name of a secret, and a literal follows."""
    columns = re.split(r"[\s,\"`]+", match["columns"])
    return "'" in match["secret"] and any(map(_NAMES.rule_of, columns))
