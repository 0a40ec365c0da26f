"""Patterns and words of public values; recognises tokens by the randomness of their characters."""

import re
from collections import defaultdict

_WORD = r"[A-Za-z]+"

PUBLIC = re.compile(
    "|".join(
        (
            r"%%\d{1,8}",  # message number of a Windows event
            r"S-1-\d{1,3}(?:-\d{1,10}){1,15}",  # Windows security identifier
            r"arn:aws[a-z-]{0,12}:[\w-]{0,40}:[\w-]{0,20}:\d{0,12}:[\w/+=,.@:*-]{1,300}",
            r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?",
            r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?",  # IPv4 address
            r"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}",  # IPv6 address
            r"(?:https?|ldaps?|wss?|grpc|urn|oci|s3|gs)://[^\s@?#]{1,300}",
            r"[/~.]{0,2}/(?:[a-z0-9._-]{1,40}/){1,12}[A-Za-z._-]{1,60}",
            rf"(?:{_WORD}\.){{1,6}}{_WORD}(?:/{_WORD}){{1,6}}",  # operation of Azure
            r"/subscriptions/\S{1,300}",  # resource of Azure
            r"[A-Za-z]:\\[^\r\n]{1,300}",
            # a variable; `$ecret1` is a password
            r"\$\{\w{1,60}\}|\$(?:[A-Z_][A-Z0-9_]{1,59}|[A-Za-z_]{2,60}|\d{1,2})",
        )
    )
)
"""Values that are public whatever their name: identifiers, times, addresses, paths."""

UUID = r"\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?"
HASH = r"(?:[0-9A-Fa-f]{2}:?){16,64}"
HOST = r"(?i:[a-z0-9][a-z0-9-]{0,62}\.){1,8}(?i:[a-z]{2,24})\.?"

NUMBER = r"[-+]?\d{1,18}(?:\.\d{1,18})?"
COUNT = r"[-+]?\d{1,5}(?:\.\d{1,6})?%?|1[3-9]\d{8}(?:\d{3}){0,3}(?:\.\d{1,9})?"
"""A count, a percentage, or seconds to nanoseconds since 1970."""

_ANSWERS = (
    "allow|allowed|deny|denied|block|blocked|accept|accepted|reject|rejected|permit|permitted"
    "|required|optional|enabled|disabled|active|inactive|valid|invalid|expired|revoked|missing"
    "|present|absent|unknown|unset|empty|failed|failure|success|succeeded|ok|error|yes|no|on|off"
    "|pending|never|always|default|n/a|redacted|masked|hidden|filtered|removed|unavailable"
)
STATES = (
    "absent|added|ambiguous|cannot|changed|denied|disabled|empty|enabled|ended|expected|expired"
    "|failed|forbidden|given|ignored|incorrect|invalid|malformed|mismatch|missing|needed|optional"
    "|passed|refused|rejected|removed|required|restarted|revoked|skipped|started|stopped"
    "|unauthori[sz]ed|unavailable|unchanged|unexpected|unknown|unreachable|unset|unused|wrong"
)
"""Single words that report the state of a setting or a file."""

_SCHEMES = (
    "bearer|basic|digest|negotiate|ntlm|kerberos|oauth|oauth2|oidc|saml|saml2|ldap|pam|mtls|jwt|jws"
    "|jwe|api_?key|session|cookie|password|token|secret|certificate|anonymous|hmac|sha1|sha256"
    "|sha512|md5|rs256|rs384|rs512|es256|es384|es512|hs256|hs384|hs512|ps256|eddsa|none|opaque"
    "|access|refresh|id|client_credentials|authorization_code|publickey|keyboard-interactive"
    "|gssapi-with-mic|hostbased|pubkey|plain|login|cram-md5|scram-sha-1|scram-sha-256|xoauth2"
)


def _in_any_case(words: str) -> str:
    """Return a pattern of words, by first letter, so that `re` tests few of them at a place."""
    rests = defaultdict(set)
    for word in words.split("|"):
        rests[word[0]].add(word[1:])
    return "|".join(
        f"[{first}{first.upper()}](?i:{'|'.join(sorted(rest))})"
        for first, rest in sorted(rests.items())
    )


STATE = _in_any_case(STATES)
"""The states, by first letter."""
ENUMERATION = (
    rf"{_in_any_case(f'{STATES}|{_ANSWERS}|{_SCHEMES}')}|[A-Z]{{2,20}}(?:_[A-Z]{{2,20}}){{1,6}}"
)
"""A state, a scheme of authentication or an algorithm, or an enumeration's constant."""
PLACEHOLDER = (
    r"None|null|nil|[Tt]rue|[Ff]alse|TRUE|FALSE|undefined|str|int|bytes|bool|float|object|Any"
    r"|SecretStr|\*+|\.{3}|…|secret:[A-Za-z_]\w*|\$\{\w+\}|\$[A-Z_]{2,}|%(?:\(\w+\))?s|\{[\w.]*\}"
    r"|\$\{\w{1,60}:?[-?+]\}|\$\((?:<|cat |op read |vault )[^()\n]{1,200}\)"
    r"|\$?\{\{[ ]?[\w.|-]{1,80}[ ]?\}\}|<[a-z]{1,20}(?:[-_ ][a-z]{1,20}){0,4}>"
    r"|\[(?:redacted|Filtered)\]|SecretStr\(['\"]\**['\"]\)"
    r"|(?i:bearer|basic|token|apikey|key) {1,3}(?:\$\{\w+\}|\$[A-Z_]{2,}|\{[\w.]*\}|\.{3}|…|\*+)"
)
"""What stands for a value in code, a configuration or a masked text."""
PUNCTUATION = r"[^\w\s]{1,3}"
"""As in `unexpected token: '}'`."""
CAMEL_WORDS = r"(?:[A-Z]{1,6}[a-z]{1,20}){3,12}|[a-z]{2,20}(?:[A-Z][a-z]{1,20}){2,12}"

_RUN = re.compile(r"[A-Za-z0-9+/=]+")
_CHANGE = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])|[A-Z](?=[a-z])")
_REPEATED = re.compile(r"(.{1,3}?)\1*")


def is_random(text: str, least: int = 16, share: float = 0.12) -> bool:
    """Return whether a text has the mixture of characters of a generated token.

    It has at least `least` letters and digits, and among them changes between digits, capitals and
    small letters that are frequent, unlike words with a number, a date or a path: at least `share`
    of the characters.
    """
    runs = _RUN.findall(text)
    length = sum(map(len, runs))
    if length < least or (len(runs) > 1 + length // 6 and length < 32) or _REPEATED.fullmatch(text):
        return False
    changes = sum(len(_CHANGE.findall(run)) for run in runs)
    digits = sum(map(str.isdigit, text))
    return (
        changes >= max(2 if share < 0.1 else 3, length * (share if digits else 0.3))
        and digits != length
    )


def is_mixed_key(text: str) -> bool:
    """Return whether a text of 20 characters or more has digits and letters of both cases."""
    classes = (str.isdigit, str.isupper, str.islower)
    return (
        PUBLIC.fullmatch(text) is None
        and re.fullmatch(r"[\w+/=.~-]{20,500}", text) is not None
        and all(any(map(of_class, text)) for of_class in classes)
        and is_random(text, 20)
    )
