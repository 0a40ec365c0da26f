"""Table of harmless values by name; judges whether the value of a secret name is secret."""

import dataclasses
import re

from securenet_obs.redaction.rules import shapes
from securenet_obs.redaction.rules.rule import KEY_CHARACTERS, KeyRule


@dataclasses.dataclass(frozen=True)
class HarmlessValue:
    """Values that are not secret under some names.

    Args:
        rules: names of the key rules that it applies to; empty for all.
        values: pattern of the whole value.
        names: pattern that occurs in the normalised name.
    """

    rules: str
    values: str
    names: str = ""


_OPEN = "secret token api_key key_material authorization auth cookie session credential signature"
_NAMED = f"{_OPEN} password pwd"

HARMLESS_VALUES: tuple[HarmlessValue, ...] = (
    HarmlessValue(
        _NAMED, rf"(?=\w*+\W)(?:{shapes.PUBLIC.pattern})"
    ),  # fails early for most secrets
    HarmlessValue(_NAMED, rf"(?=[A-Za-z]+\Z)(?:{shapes.STATE})"),  # most secrets have a digit
    HarmlessValue("token auth authorization credential session", shapes.ENUMERATION),
    HarmlessValue("token auth authorization credential", shapes.CAMEL_WORDS),
    HarmlessValue("token session", shapes.NUMBER),
    HarmlessValue("token auth session cookie credential", shapes.PUNCTUATION),
    HarmlessValue("secret api_key key_material auth credential signature cookie", shapes.COUNT),
    HarmlessValue("password", r"\d{1,5}", "^pass$|passwords$"),  # counts of tests, of passwords
    HarmlessValue("key_material", r"[A-Za-z]{1,10}", "mnemonic$"),  # of an instruction
    HarmlessValue("signature", r"SIG[A-Z]{2,7}[12]?", "^sig$"),  # a signal
    HarmlessValue("pwd", shapes.NUMBER),  # pwdLastSet and the like of a directory
    HarmlessValue("auth", shapes.HOST, "^auth$"),  # Zeek's dns.log: authoritative servers
    HarmlessValue("cookie", r"[^=;\s\d]{1,15}", "^cookie$"),  # Zeek's rdp.log: a user's name
    HarmlessValue("session", r"[A-Za-z ]+", "^sid$"),  # an id of a policy's statement
    HarmlessValue(_OPEN, shapes.UUID, r"(?:^|_)u?ids?$"),
    HarmlessValue(
        "secret token api_key key_material credential signature cookie",
        shapes.HASH,
        r"(?:sha_?\d+|md5|hash|hashes|digest|ja3s?|imphash|etag|checksum|thumbprint)$",
    ),
)


def values_pattern(rule: KeyRule, name: str) -> str:
    """Return the pattern of harmless values under a normalised name, for one rule."""
    if rule.judge is not None:
        return rule.unless
    patterns = [
        harmless.values
        for harmless in HARMLESS_VALUES
        if rule.name in harmless.rules.split() and re.search(harmless.names, name)
    ]
    return "|".join([*([rule.unless] if rule.unless else []), *patterns])


HARMLESS = re.compile(rf"(?:{shapes.PLACEHOLDER})(?=[\s\"'`,;&)\]}}<>|%\\]|$)")
"""A placeholder at the start of a value in a text."""

_KEY = re.compile(rf"[{KEY_CHARACTERS}]{{14,500}}")


def is_secret_value(rule: KeyRule, text: str) -> bool:
    """Return whether the value of a secret name is a secret."""
    if rule.is_harmless(text.strip()):  # in the pattern, white space would take quadratic time
        return False
    return rule.judge is None or (_KEY.fullmatch(text) is not None and rule.judge(text))
