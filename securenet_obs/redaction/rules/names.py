"""Normalises names, and finds the key rule of each; excludes harmless names and identifiers."""

import dataclasses
import re
from collections.abc import Iterable
from functools import lru_cache

from securenet_obs.redaction.rules.rule import MASK, KeyRule
from securenet_obs.redaction.rules.values import values_pattern

# Suffixes that turn a secret's name into the name of something else, and whole names that only look
# like a secret's.
_HARMLESS_SUFFIX = re.compile(
    r"_(?:age|alg|algorithm|at|attempts|bucket|budget|by|class|column|count|counts|created|disabled"
    r"|dir|domain|enabled|endpoint|expiration|expires|expires_in|expiry|failures|field|file"
    r"|fingerprint|folder|format|height|httponly|index|issuer|kind|label|len|length|lifetime|limit|limits|max|method|min|mode|module"
    r"|name|names|offset|path|policy|position|present|provider|rate|rate_limit|ref|required|retries"
    r"|rotation|samesite|scope|scopes|secure|size|state|status|store|strength|ttl|type|types|updated"
    r"|identifier|uri|url|usage|used|valid|verified|version|width)$"
    r"|(?:^|_)(?:next|page|continuation)_(?:page_)?token$"
)
_LOOKALIKE = re.compile(
    r"tokeni[sz]\w*|secretar\w*|secretion|passwordless|key_?ids?(?![a-z])"
    r"|(?:public|primary|foreign|sort|cache|partition|idempotency|dedup|object|group|routing|row|shard"
    r"|message|event|lookup|s3|sentry|translation|index|range|registry|host|unique|map)_?key"
    r"|image_?pull_?secrets?"
    r"|page_?token(?![a-z])"
)

IDENTIFIER = re.compile(
    r"(?:(?:event|issue|request|trace|span|run|build|job|user|tenant|account|org|project|session|object"
    r"|message|delivery|correlation|transaction|ray|device|deployment|pipeline|check_?in|monitor|group"
    r"|thread|process|worker|node|cluster|instance|container|pod|task|batch|parent|page)_?u?id"
    r"|^u?id|commit|sha_?\d*|md5|hash|digest|etag|checksum|fingerprint|ja3s?|url|uri|host|path|file"
    r"|version|release|revision|ref|branch|image|tag|cursor|trace|public_?key)s?$"
)
"""End of a normalised name that identifies something public: a random value is not a secret."""

_SOURCE_FILE = re.compile(r"[\w-]\.(?:py|js|jsx|ts|tsx|go|rb|java|rs|cpp|php|sh|kt|cs)$")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FOLDED = str.maketrans("\u017f\u0130\u0131\u212a", "siik")


def normalise_name(key: str) -> str:
    """Return the name as words joined by `_`: xApiKey, X-API-Key, x.api.key become x_api_key."""
    return re.sub(r"[\W_]+", "_", _CAMEL.sub("_", key).translate(_FOLDED).lower()).strip("_")


def _judging(rule: KeyRule, unless: str) -> KeyRule:
    """Return the rule with the harmless values of one name."""
    return dataclasses.replace(rule, unless=unless)


def _compiled(rules: list[KeyRule]) -> tuple[re.Pattern[str], list[KeyRule]]:
    """Return a pattern with a group for each rule, and the rules."""
    return re.compile("|".join(f"({rule.pattern})" for rule in rules) or "(?!)"), rules


class Names:
    """Compiled key rules with lookup by name; safe to share between threads."""

    def __init__(self, rules: Iterable[KeyRule]) -> None:
        chosen = list(rules)
        # A rule without a judge comes first: under its names most values are secret.
        self._groups = [
            _compiled([rule for rule in chosen if (rule.judge is not None) is judged])
            for judged in (False, True)
        ]
        self._judging = lru_cache(maxsize=1024)(_judging)
        self.rule_of = lru_cache(maxsize=8192)(self._rule_of)

    def _rule_of(self, key: str) -> KeyRule | None:
        """Return the rule for values under this name (cached as `rule_of`)."""
        if MASK in key or _SOURCE_FILE.search(key):  # a text that was masked, not a name
            return None
        name = normalise_name(key)
        words = _LOOKALIKE.sub("", f"{name} {name.replace('_', '')}")
        for pattern, rules in self._groups:
            if found := pattern.search(words):
                rule = rules[(found.lastindex or 1) - 1]
                if rule.judge is not None and (
                    IDENTIFIER.search(name) or not _PLAIN.fullmatch(key)
                ):
                    return None
                harmless = _HARMLESS_SUFFIX.search(name) and not rule.pii
                return None if harmless else self._judging(rule, values_pattern(rule, name))
        return None
