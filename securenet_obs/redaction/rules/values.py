"""Table of harmless values by name; judges whether the value of a secret name is secret."""

import dataclasses
import re
from collections.abc import Callable

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
    HarmlessValue(_NAMED, shapes.PUBLIC.pattern),
    HarmlessValue(_NAMED, rf"(?=[A-Za-z]+\Z)(?i:{shapes.STATES})"),  # most secrets have a digit
    HarmlessValue("token auth authorization credential session", shapes.ENUMERATION),
    HarmlessValue("token auth authorization credential", shapes.CAMEL_WORDS),
    HarmlessValue("token session", shapes.NUMBER),
    HarmlessValue("token auth session cookie credential", shapes.PUNCTUATION),
    HarmlessValue("secret api_key key_material auth credential signature cookie", shapes.COUNT),
    HarmlessValue("password", r"\d{1,5}", "^pass$|passwords$"),  # counts of tests, of passwords
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
    patterns = [
        f"(?:{harmless.values})"
        for harmless in HARMLESS_VALUES
        if rule.name in harmless.rules.split() and re.search(harmless.names, name)
    ]
    return "|".join([*([f"(?:{rule.unless})"] if rule.unless else []), *patterns])


_PLACEHOLDER = (
    r"None|null|nil|[Tt]rue|[Ff]alse|TRUE|FALSE|undefined|str|int|bytes|bool|float|object|Any"
    r"|SecretStr|\*+|\.{3}|…|secret:[A-Za-z_]\w*|\$\{\w+\}|\$[A-Z_]{2,}|%(?:\(\w+\))?s|\{[\w.]*\}"
    r"|\[(?:redacted|Filtered)\]|SecretStr\(['\"]\**['\"]\)"
    r"|(?i:bearer|basic|token|apikey|key) {1,3}(?:\$\{\w+\}|\$[A-Z_]{2,}|\{[\w.]*\}|\.{3}|…|\*+)"
)
HARMLESS = re.compile(rf"(?:{_PLACEHOLDER})(?=[\s\"'`,;&)\]}}<>|%\\]|$)")
"""A placeholder at the start of a value in a text."""

_KEY = re.compile(rf"[{KEY_CHARACTERS}]{{14,500}}")
_whole: Callable[[str], object] = re.compile(rf"(?:{_PLACEHOLDER})?").fullmatch


def is_secret_value(rule: KeyRule, text: str) -> bool:
    """Return whether the value of a secret name is a secret."""
    stripped = text.strip()  # in a pattern, white space on both sides would take quadratic time
    if _whole(stripped):
        return False
    if rule.judge is not None:
        return _KEY.fullmatch(text) is not None and rule.judge(text)
    return rule.harmless is None or rule.harmless.fullmatch(stripped) is None
