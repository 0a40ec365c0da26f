"""Masks secrets in values and text; pure, total, bounded.

A rule is data. `KeyRule` says which names hold a secret, in a mapping and before `=` or `:` in a
text; `TextRule` which texts are one. Each rule brings an anchor: a pattern without look-around that
is found in the serialised bytes wherever the rule applies. All anchors together are a prefilter,
which tells in about a microsecond that a log line holds nothing; only the rest is walked.

Kept on purpose: the public key of a Sentry DSN (it only lets one send, and tells which project is
meant; a legacy DSN's secret half goes), ids of keys, page tokens, references like `secret:NAME`.
"""

import base64
import copy
import dataclasses
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal
from uuid import UUID

import orjson

MASK = "[redacted]"

DEEPEST = 64
"""Containers within containers that are followed; what is deeper is masked."""
LONGEST_TEXT = 1_000_000
"""Characters of a suspect text that are searched; of a longer one the first quarter is kept."""
MOST_TEXT = 8_000_000
"""Characters of suspect text that one call searches; what comes after them is masked."""
MOST_VALUES = 2_000_000
"""Values that one call visits; what comes after them is masked."""

_MOST_PASSES = 6
_MOST_SERIALISED = 64_000_000
_CLEAN_DISCOUNT = 50  # a text that the prefilter lets pass costs so much less than another
_LONGEST_BRACKET = 20_000
_PLAIN = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
_NUMBER = r"[-+]?\d{1,18}(?:\.\d{1,18})?"
_ESCAPE = rb"\\[bfnrt]|\\u[0-9A-Fa-f]{4}"
_TREACHEROUS = rb"\\u(?:00[2-7]|01[37]|212[Aa])|\\/|\xc5\xbf|\xc4[\xb0\xb1]|\xe2\x84\xaa"
"""Escaped ASCII, and the letters that fold into ASCII (a long s, two of i, kelvin)."""
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""Before a token in a text: no letter, unless it is that of an escaped line break."""


@dataclasses.dataclass(frozen=True)
class KeyRule:
    """Names whose value is secret.

    `phrases` are separated by `|`. In one, a space stands for any separator or none, `^` for the
    start of a word, `$` for the end of the name. `unless` is a pattern of harmless values.
    With `to_line_end` the value in a text reaches to the end of its line.
    """

    name: str
    phrases: str
    unless: str = ""
    to_line_end: bool = False
    pii: bool = False

    @property
    def pattern(self) -> str:
        """Return what finds a phrase in a normalised name."""
        marks = {"^": r"(?<![^\W_])", "$": r"\d*(?!\w)", " ": "_?"}
        return re.sub(r"[\^$ ]", lambda mark: marks[mark[0]], self.phrases)

    @property
    def anchor(self) -> bytes:
        """Return what finds a phrase in serialised bytes, whatever separates its words."""
        return b"|".join(map(_phrase_anchor, self.phrases.encode().split(b"|")))


def _phrase_anchor(phrase: bytes) -> bytes:
    first, rest = phrase.strip(b"^$")[:1], phrase.strip(b"^$")[1:]
    rest = rest.replace(b" ", rb"(?:[^A-Za-z0-9]|" + _ESCAPE + rb")*")
    start = rb"(?i:%b)" % first
    if phrase.startswith(b"^"):
        start = rb"(?:(?:^|[^A-Za-z]|%b|[0-9]m)%b|%b)" % (_ESCAPE, start, first.upper())
    return start + rb"(?i:%b)" % rest + (rb"(?:[^A-Za-z]|$)" if phrase.endswith(b"$") else b"")


@dataclasses.dataclass(frozen=True)
class TextRule:
    """Texts that are secret in themselves.

    `pattern` matches one in linear time; its group `secret`, or all of it, is masked if `judge`
    agrees. `anchor` is found in whatever holds a match once JSON has escaped it.
    """

    name: str
    anchor: str
    pattern: str
    judge: Callable[[re.Match[str]], bool] | None = None
    pii: bool = False


Rule = KeyRule | TextRule


def _has_digit(match: re.Match[str]) -> bool:
    return len(match["secret"]) >= 16 or any(map(str.isdigit, match["secret"]))


def _is_mixed(match: re.Match[str]) -> bool:
    return all(any(map(kind, match[0])) for kind in (str.isdigit, str.isupper, str.islower))


def _is_basic(match: re.Match[str]) -> bool:
    text = match["secret"].rstrip("=")
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return False
    return ":" in plain and plain.isprintable()


def _is_jwt(match: re.Match[str]) -> bool:
    header, *parts = match[0].split(".")
    return len(parts) >= 2 and len(header) >= 10 and (len(parts[0]) >= 4 or len(parts) == 4)


def _is_no_dsn(match: re.Match[str]) -> bool:
    return _has_digit(match) and re.fullmatch("[0-9a-f]{32}", match["secret"]) is None


_ISSUER = re.compile(
    r"(?:4|5[1-5]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|6(?:011|4[4-9]|5)|35(?:2[89]|[3-8]\d)"
    r"|62)\d*|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
)


def _is_card(match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match[0])
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    total = sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)
    return total % 10 == 0 and _ISSUER.fullmatch(digits) is not None


def _is_ipv6(match: re.Match[str]) -> bool:
    try:
        ipaddress.IPv6Address(match[0])
    except ValueError:
        return False
    return True


def _inserts_secret(match: re.Match[str]) -> bool:
    columns = re.split(r"[\s,\"`]+", match["columns"])
    return "'" in match["secret"] and any(map(_DEFAULT.rule_of, columns))


KEY_RULES: tuple[KeyRule, ...] = (
    KeyRule("password", "pass word|passwd|pass phrase|pass code|passwort|^pass$|^pw$"),
    KeyRule("pwd", "pwd", unless=r"/[^\s:]*|[A-Za-z]:\\.*"),  # the shell's PWD is a folder
    KeyRule("secret", "secret"),
    KeyRule("token", "token|jwt$|^bearer$", unless=_NUMBER),
    KeyRule(
        "api_key",
        "access key|account key|api key|app key|auth key|client key|consumer key|diagnostics key"
        "|encryption key|fernet key|hmac key|license key|master key|session key|shared key"
        "|signing key|ssh key|subscription key|webhook key",
    ),
    KeyRule("key_material", "private key|pre shared key|^psk$|seed phrase|mnemonic$|^salt$"),
    KeyRule(
        "authorization", "authorization$|authorization header$|^auth header$", to_line_end=True
    ),
    KeyRule("auth", "^auth$|redis auth$|redis cli auth$"),
    KeyRule("cookie", "cookie", to_line_end=True),
    KeyRule(
        "session",
        "session id$|sess id$|^sid$|session hash$|^csrf$|^xsrf$|csrf middleware$",
        unless=_NUMBER,
    ),
    KeyRule("credential", "credential|^creds$"),
    KeyRule("signature", "amz signature|hub signature|webhook signature|x signature|^sig$"),
    KeyRule(
        "one_time_code", "^otp$|^totp$|mfa code$|verification code$|^pin$|pin code$|backup codes$"
    ),
    KeyRule("card_field", "card number|card num$|^cvv$|^cvc$|security code$|^ssn$|social security"),
    KeyRule("sql_parameters", "sql param|db param|db query param|statement param"),
    KeyRule("pii_user", "user name$|^user$|^login$|e mail$|e mail address$|full name$", pii=True),
    KeyRule("pii_person", "first name$|last name$|phone$|phone number$", pii=True),
    KeyRule("pii_address", "^ip$|ip address$|remote addr$|forwarded for$|real ip$", pii=True),
    KeyRule("pii_peer", "orig h$|resp h$|^mac$|address$|src ip$|dest ip$|client ip$", pii=True),
    KeyRule("pii_host", "^host$|host name$|server name$|fqdn$|domain$", pii=True),
)

# What follows a secret's name and makes it the name of something else, and whole names that only
# look like a secret's.
_ABOUT = re.compile(
    r"_(?:age|alg|algorithm|at|attempts|bucket|budget|by|class|column|count|counts|created|disabled"
    r"|domain|enabled|endpoint|expiration|expires|expiry|expires_in|dir|failures|field|file|fingerprint|folder|format|height"
    r"|httponly|index|issuer|kind|label|len|length|lifetime|limit|limits|max|method|min|mode|module"
    r"|name|names|offset|path|policy|position|present|provider|rate|rate_limit|ref|required|retries"
    r"|rotation|samesite|scope|scopes|secure|size|state|status|store|strength|ttl|type|types|updated"
    r"|uri|url|usage|used|valid|verified|version|width)$"
    r"|(?:^|_)(?:next|page|continuation)_(?:page_)?token$"
)
_ALIKE = re.compile(r"tokeni[sz]\w*|secretar\w*|secretion|passwordless|key_?ids?(?![a-z])")

_TOKEN_RULES = tuple(
    TextRule(name, anchor, f"{_START}(?:{pattern})")
    for name, anchor, pattern in (
        ("aws_key", "A(?:KI|SI|BI|CC)A", r"A(?:KI|SI|BI|CC)A[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("azure_secret", "[0-9]Q~", r"[\w.~-]{3}\dQ~[\w.~-]{31,34}"),
        ("databricks_token", "dapi[0-9a-f]", r"dapi[0-9a-f]{32}(?:-\d)?"),
        ("digitalocean_token", "do[opr]_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
        ("docker_token", "dckr_(?:pat|oat)_", r"dckr_(?:pat|oat)_[\w-]{20,}"),
        ("github_token", "gh[pousr]_|github_pat_", r"(?:gh[pousr]_|github_pat_)\w{20,}"),
        ("gitlab_token", "gl[a-z]{2,4}-", r"gl(?:pat|dt|ptt|rt|soat|ft|cbt|imt|oas)-[\w-]{20,}"),
        ("google_token", r"ya29\.|GOCSPX-", r"(?:ya29\.|GOCSPX-)[\w-]{20,}"),
        ("grafana_token", "glsa_|glc_", r"(?:glsa|glc)_[\w+/=]{20,}"),
        ("huggingface_token", "hf_[A-Za-z]", r"hf_[A-Za-z0-9]{30,}"),
        ("linear_token", "lin_(?:api|oauth)_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
        ("mailgun_key", "key-[0-9a-f]", r"key-[0-9a-f]{32}(?![0-9a-f])"),
        ("newrelic_key", "NRAK-|NRII-", r"NR(?:AK|II)-[\w-]{24,}"),
        ("npm_token", "npm_[A-Za-z0-9]", r"npm_[A-Za-z0-9]{36}"),
        ("postman_key", "PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
        ("pypi_token", "pypi-AgE", r"pypi-AgE[\w-]{50,}"),
        ("sendgrid_key", r"SG\.", r"SG\.[\w-]{16,32}\.[\w-]{16,64}"),
        ("sentry_token", "sntry[su]_", r"sntry[su]_[\w+/=.-]{32,}"),
        ("shopify_token", "shp(?:at|ca|pa|ss)_", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
        ("slack_token", "xox[a-z]-|xapp-", r"(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}"),
        ("square_token", "sq0[a-z]{3}-", r"sq0[a-z]{3}-[\w-]{22,}"),
        ("stripe_key", "[rs]k_(?:live|test)_|whsec_", r"(?:[rs]k_(?:live|test)|whsec)_\w{10,}"),
        ("telegram_token", ":AA[A-Za-z0-9_-]", r"\d{8,10}:AA[\w-]{33}"),
        ("twilio_key", "SK[0-9a-f]{8}", r"SK[0-9a-f]{32}(?![0-9a-f])"),
        ("vault_token", r"hv[sbr]\.", r"hv[sbr]\.[\w-]{24,}"),
        ("age_key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{40,}"),
    )
)

TEXT_RULES: tuple[TextRule, ...] = (
    TextRule(
        "private_key",
        "-----BEGIN",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----"
        r"(?:[^-]*+(?:-(?!----)[^-]*+)*+-----END [A-Z0-9 ]{1,60}-----|[A-Za-z0-9+/=\s\\]*+)",
    ),
    TextRule(
        "url_password",
        r":\\*/\\*/[^@]*@",
        r"://[^\s/@:\"'<>\[\]?#]{0,256}+:(?!\d{1,5}(?:[/?#,\s\"'<>]|$)|\[redacted\]@)"
        r"(?P<secret>(?:[^\s\"'<>@:]|:(?!//))++(?:@[^\s\"'<>@/?#]*+(?=@))*+)(?=@)",
    ),
    TextRule("url_token", "://[^@]*@", r"https?://(?P<secret>[\w.~%+=-]{16,}+)(?=@)", _is_no_dsn),
    TextRule(
        "webhook_url",
        "hooks.slack.com|/api/webhooks/",
        r"(?:hooks\.slack\.com/(?:services|workflows)/|/api/webhooks/)(?P<secret>[\w/-]{20,}+)",
    ),
    TextRule(
        "query_secret",
        "[?&](?:key|code)=",
        r"[?&](?:key|code)=(?P<secret>[\w.~%+/=-]{16,}+)",
    ),
    TextRule(
        "bearer",
        "(?i:bearer)",
        r"(?i:bearer)(?:[\s:=+]|%20|\\[nrt]){1,8}+(?P<secret>[A-Za-z0-9._~+/=-]{6,}+)",
        _has_digit,
    ),
    TextRule(
        "basic",
        "(?i:basic)",
        r"(?i:basic)(?:[\s:=+]|%20|\\[nrt]){1,8}+(?P<secret>[A-Za-z0-9+/]{4,}+={0,2})",
        _is_basic,
    ),
    TextRule("jwt", "eyJ", r"eyJ[\w-]*+(?:\.[\w-]*+){0,4}+", _is_jwt),
    TextRule("google_key", "AIza", r"(?:(?<![\w+/])|(?<=\\[nrt]))AIza[\w-]{35}"),
    TextRule("openai_key", "sk-", _START + r"sk-[\w-]{20,}+", _is_mixed),
    *_TOKEN_RULES,
    TextRule(
        "card_number",
        rf"(?:^|[^0-9]|{_ESCAPE.decode()})[2-6][0-9]{{3}}[ -]?[0-9]{{4,6}}[ -]?[0-9]{{4,5}}",
        r"(?:(?<![\w-])(?<!\d\.)|(?<=\\[nrt]))(?:[2-6]\d{3}(?:[ -]?\d{4}){3}"
        r"|3\d{3}[ -]?\d{6}[ -]?\d{4,5})(?![\w-])(?!\.\d)",
        _is_card,
    ),
    TextRule(
        "statement_parameters",
        r"\[parameters:",
        r"\[parameters: ?+(?P<secret>(?!\[redacted\])"
        r"(?:[^\n\\\]]|\\(?!n)|\](?!\s{0,9}(?:\n|\\n|$)))++)",
    ),
    TextRule(
        "statement_row",
        "Failing row contains",
        r"Failing row contains \((?P<secret>(?!\[redacted\])"
        r"(?:[^\n\\)]|\\(?!n)|\)(?!\.?\s{0,9}(?:\n|\\n|$)))++)",
    ),
    TextRule(
        "statement_insert",
        "(?i:insert)",
        r"(?i:insert\s{1,9}into\s{1,9}[^\s(]{1,200}+\s{0,9}\((?P<columns>[^()]{1,4000}+)\)\s{0,9}"
        r"values\s{0,9})(?P<secret>(?:[^;'\n]|'[^'\n]*+')++)",
        _inserts_secret,
    ),
    TextRule(
        "statement_password",
        "(?i:password|identified)",
        r"(?i:\bpassword|\bidentified\s{1,9}by)\s{1,9}(?P<secret>'[^'\n]*+'|\"[^\"\n]*+\")",
    ),
    TextRule(
        "pii_url_user",
        "://[^@]*@",
        r"://(?P<secret>[^\s/@:\"'<>\[]++)(?=(?::[^\s/@]*+)?@)",
        pii=True,
    ),
    TextRule("pii_email", "@", r"(?<![\w.%+-])[\w.%+-]++@[\w-]++(?:\.[\w-]++)++", pii=True),
    TextRule("pii_ipv4", r"[0-9]\.[0-9]", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])", pii=True),
    TextRule(
        "pii_ipv6",
        ":[0-9A-Fa-f]*:",
        r"(?<![\w:.])[0-9A-Fa-f:]{3,39}+(?![\w:])",
        _is_ipv6,
        pii=True,
    ),
    TextRule(
        "pii_host",
        r"\.[A-Za-z]",
        r"(?<![\w.-])(?:[A-Za-z0-9-]{1,63}+\.){1,9}"
        r"(?i:com|org|net|edu|gov|io|dev|local|localdomain|internal|intranet|corp|lan|home|example)"
        r"(?![\w.-])",
        pii=True,
    ),
)

RULES: tuple[Rule, ...] = (*TEXT_RULES, *KEY_RULES)


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FOLDED = str.maketrans("\u017f\u0130\u0131\u212a", "siik")
_QUOTE = r"(?:\\*[\"'`]|&quot;|&#(?:34|39|x22|x27);)"
_SPACE = r"(?:[^\S\n]|\x1b\[[\d;]{0,20}m)*+"
_SITE = re.compile(
    rf"(?<![\w.-])(?:(?P<key>[\w.-]++)(?:\]|%5[Dd])?(?P<quote>{_QUOTE})?{_SPACE}"
    rf"(?:[:=!]=|=>|=|:(?!:)|%3[Dd]){_SPACE}|--(?P<option>[\w-]++)[ ]++(?=[^\s-]))"
    rf"(?:[bBrRuUfF]{{1,2}}(?={_QUOTE})|\w{{0,20}}[Ss]ecret\w{{0,20}}\()?(?P<open>{_QUOTE})?"
)
"""A name and what stands before its value, in JSON, a repr, a query, a header or an option."""
_GLUED = re.compile(r"^(?:[bfnrt]|\d{1,3}m)")
"""What is left of an escaped line break or a terminal's colour at the start of a name."""
_BARE = re.compile(
    r"(?:\[redacted\]|[^\s\"'`,;&<>)}\]\\%]|%(?!26)|\\(?![nrt\"'])|[)}\]](?=\w)"
    r"|,(?!\s|[\w.-]{1,40}[=:]|$))*+"
)
_LINE = re.compile(r"(?:[^\r\n\"'\\=]|=(?:\\*\"[^\"\r\n]*+\")?+|\\(?![nr]))*+")
_BRACKET = re.compile(
    r"(?P<open>[(\[{])|[)\]}]|\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'", re.DOTALL
)
_HARMLESS = re.compile(
    r"(?:None|null|nil|[Tt]rue|[Ff]alse|undefined|str|int|bytes|bool|float|object|Any|SecretStr"
    r"|\*+|\.{3}|…|secret:[A-Za-z_]\w*|\$\{\w+\}|\$[A-Z_]{2,}|%(?:\(\w+\))?s|\{[\w.]*\}"
    r"|\[(?:redacted|Filtered)\]|SecretStr\(['\"]\**['\"]\))(?=[\s\"'`,;&)\]}<|%\\]|$)"
)
_CODE = re.compile(
    r"(?:await\s)?(?:(?:self|cls|settings|config|os|request|secrets|environ|getpass|stack)[.(\[]"
    r"|(?:get|load|make|read|create|generate|fetch|str|len|repr|input|field)[a-z_]*\()"
)
_BINARY = re.compile(r"image/(?!svg)|audio/|video/|font/|application/(?:pdf|octet-stream)")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*+={0,2}\s*")
_PLAIN_CONTAINERS = frozenset((dict, list, tuple))
_NUMBERS = (int, float, complex, date, time, timedelta, UUID)


def _normalised(key: str) -> str:
    """Return the name as words joined by `_`: xApiKey, X-API-Key and x.api.key are x_api_key."""
    return re.sub(r"[\W_]+", "_", _CAMEL.sub("_", key).translate(_FOLDED).lower()).strip("_")


class Redactor:
    """A set of rules, compiled; safe to share between threads.

    Args:
        rules: a service adds its own as `(*RULES, KeyRule("badge", "badge number"))`.
        pii: "strip" also masks what names a person or a machine: addresses, hosts, users.
    """

    def __init__(
        self, rules: Iterable[Rule] = RULES, pii: Literal["keep", "strip"] = "keep"
    ) -> None:
        chosen = [rule for rule in rules if pii == "strip" or not rule.pii]
        self.counts: Counter[str] = Counter()
        """How many secrets each rule masked so far."""
        self._key_rules = [rule for rule in chosen if isinstance(rule, KeyRule)]
        self._text_rules = [rule for rule in chosen if isinstance(rule, TextRule)]
        self._prefilter = _Prefilter([*self._text_rules, *self._key_rules])
        self._names = re.compile(
            "|".join(f"({rule.pattern})" for rule in self._key_rules) or "(?!)"
        )
        self.rule_of = lru_cache(maxsize=8192)(self._rule_of)
        self.named = lru_cache(maxsize=8192)(self._named)

    def redact(self, value: object) -> object:
        """Return `value`, or a copy in which secrets are replaced by `MASK`; never raise.

        Containers keep their kind, other mappings than dict become one. An object or an exception
        whose text holds a secret becomes that text, masked. Bytes may be a whole JSON line.
        """
        if self._is_clean(value):
            return value
        walk = _Walk(self)
        result = walk.value(value)
        self.counts.update(walk.counts)
        return result

    def redact_text(self, text: str) -> str:
        """Return `text` with the secrets in it replaced by `MASK`; never raise; JSON stays JSON."""
        return str(self.redact(text))

    def suspects(self, data: bytes) -> bool:
        """Return whether a rule may apply to this JSON or text: False is certain, True is not."""
        return self._prefilter.suspects(data)

    def rules_for(self, data: bytes) -> tuple[list[TextRule], bool]:
        """Return the text rules that may apply, and whether a key rule may."""
        indices = self._prefilter.hits(data)
        count = len(self._text_rules)
        return [self._text_rules[i] for i in indices if i < count], any(i >= count for i in indices)

    def _rule_of(self, key: str) -> KeyRule | None:
        """Return the rule for what stands under this name (cached as `rule_of`)."""
        if MASK in key:  # it was a text, not a name
            return None
        name = _normalised(key)
        found = self._names.search(_ALIKE.sub("", f"{name} {name.replace('_', '')}"))
        if found is None:
            return None
        rule = self._key_rules[(found.lastindex or 1) - 1]
        return None if _ABOUT.search(name) and not rule.pii else rule

    def _named(self, key: str) -> tuple[bool, KeyRule | None]:
        """Return whether a name holds no secret itself, and the rule for what stands under it."""
        clean = not self.suspects(key.encode("utf-8", "surrogatepass"))
        return clean, None if clean else self.rule_of(key)

    def _is_clean(self, value: object) -> bool:
        if type(value) is bytes:
            return not self.suspects(value)
        if type(value) not in _PLAIN_CONTAINERS:
            return False
        try:
            data = orjson.dumps(value, option=_PLAIN) if _is_small(value) else None
        except TypeError:  # not plain JSON: only the walk can tell
            return False
        return data is not None and not self.suspects(data)


class _Prefilter:
    """The anchors of all rules, as one automaton."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        anchors = [_anchor(rule) for rule in rules]
        self._all = range(len(rules))
        self._set: Any = None
        self.pattern = b"|".join([_TREACHEROUS, *anchors])
        if find_spec("re2") is None:  # correct without it, but a hundred times slower
            self._search = re.compile(self.pattern).search
            return
        re2 = import_module("re2")
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = True
        options.max_mem = 64 << 20
        self._search = re2.compile(self.pattern, options).search
        self._set = re2.Set.SearchSet(options)
        for anchor in [*anchors, _TREACHEROUS]:
            self._set.Add(anchor)
        self._set.Compile()

    def suspects(self, data: bytes) -> bool:
        return self._search(data) is not None

    def hits(self, data: bytes) -> Sequence[int]:
        """Return which rules may apply: all, where the bytes are escaped or the set gave up."""
        found = sorted(self._set.Match(data) or ()) if self._set else ()
        return found if found and found[-1] < len(self._all) else self._all


def _is_small(value: object) -> bool:
    """Return whether its JSON is: a value that holds a part twice may have no end as JSON."""
    left = _MOST_SERIALISED
    seen: set[int] = set()
    containers: list[Any] = [(value,)]
    for container in containers:
        items = container
        if type(container) is dict:
            left -= sum(map(len, container))
            items = container.values()
        for item in items:
            if type(item) is str:
                left -= len(item)
            elif type(item) in _PLAIN_CONTAINERS and item:
                containers.append(item)
        left -= len(items)
        if left < 0 or id(container) in seen:
            return False
        seen.add(id(container))
    return True


def _anchor(rule: Rule) -> bytes:
    return rule.anchor.encode() if isinstance(rule, TextRule) else rule.anchor


class _Walk:
    """One call: what it may still spend, what it has seen, what it masked."""

    def __init__(self, redactor: Redactor) -> None:
        self.counts: Counter[str] = Counter()
        self._redactor = redactor
        self._values_left = MOST_VALUES
        self._text_left = MOST_TEXT
        self._depth = 0
        self._seen: dict[tuple[int, str], tuple[object, object]] = {}

    def value(self, value: object, rule: KeyRule | None = None) -> Any:
        """Return `value` without secrets; with `rule`, as what stands under a secret name."""
        if rule is None and type(value) is str and self._values_left > 0:
            self._values_left -= 1
            return self.text(value)
        try:
            return self._value(value, rule)
        except Exception:  # noqa: BLE001 - foreign code runs here: repr, keys, attributes, copies
            return self._mask("unreadable")

    def _mask(self, rule: str) -> str:
        self.counts[rule] += 1
        return MASK

    def _value(self, value: object, rule: KeyRule | None) -> object:
        if value is None or isinstance(value, bool):
            return value
        self._values_left -= 1
        if self._values_left < 0:
            return self._mask("too_many")
        if isinstance(value, str):
            text = self._leaf(value, rule)
            return value if text == value else text
        if isinstance(value, bytes | bytearray):
            return self._bytes(value, rule)
        if isinstance(value, _NUMBERS):
            return self._number(value, rule)
        if isinstance(value, Mapping | list | tuple | set | frozenset) or _is_record(value):
            return self._container(value, rule)
        return self._object(value, rule)

    def _leaf(self, text: str, rule: KeyRule | None) -> str:
        if rule is None or not _hides(rule, text):
            return self.text(text)
        return self._mask(rule.name)

    def _bytes(self, value: bytes | bytearray, rule: KeyRule | None) -> bytes | bytearray:
        try:
            text, encoding = value.decode(), "utf-8"
        except UnicodeDecodeError:
            text, encoding = value.decode("latin-1"), "latin-1"
        result = self._leaf(text, rule)
        return value if result == text else type(value)(result.encode(encoding))

    def _number(self, value: object, rule: KeyRule | None) -> object:
        if rule is not None:
            return self._mask(rule.name) if _hides(rule, str(value)) else value
        if isinstance(value, int) and 10**13 <= value < 10**16:
            return value if self.text(str(value)) != MASK else MASK
        return value

    def _container(self, value: object, rule: KeyRule | None) -> object:
        key = (id(value), rule.name if rule else "")
        if key in self._seen:
            return self._seen[key][1]
        if self._depth >= DEEPEST:
            return self._mask("too_deep")
        result: Any = {} if isinstance(value, Mapping) else []
        self._seen[key] = value, result  # also keeps `value` alive, so that its id stays its own
        self._depth += 1
        try:
            if isinstance(value, Mapping):
                self._fill_mapping(result, value, rule)
            elif isinstance(value, list | tuple | set | frozenset):
                self._fill_sequence(result, value, rule)
                result = _like(value, result)
            else:
                result = self._record(value, rule)
        finally:
            self._depth -= 1
        self._seen[key] = value, result
        return result

    def _fill_mapping(
        self, result: dict[Any, Any], value: Mapping[Any, Any], rule: KeyRule | None
    ) -> None:
        named = _text_of(value.get("name", value.get("key"))) if "value" in value else ""
        for key, item in value.items():
            name = _text_of(key)
            if _is_binary(name, item):
                result[key] = item
                continue
            if name == "value" and named:
                result[key] = self.value(item, rule or self._redactor.rule_of(named))
                continue
            clean, found = self._redactor.named(name) if name else (False, None)
            result[key if clean else self.value(key)] = self.value(item, rule or found)

    def _fill_sequence(self, result: list[Any], value: Iterable[Any], rule: KeyRule | None) -> None:
        items = list(value)
        if rule is None and _are_lines(items):
            result += self.text("".join(items)).splitlines(keepends=True)
        elif rule is None and _are_pairs(items):
            for key, item in items:
                pair = [self.value(key), self.value(item, self._redactor.rule_of(_text_of(key)))]
                result.append(_like(items[len(result)], pair))
        elif hasattr(value, "_fields"):
            for name, item in zip(value._fields, items, strict=True):
                result.append(self.value(item, rule or self._redactor.rule_of(name)))
        else:
            result += [self.value(item, rule) for item in items]

    def _record(self, value: Any, rule: KeyRule | None) -> object:
        result = copy.copy(value)
        for field in dataclasses.fields(value):
            found = rule or self._redactor.rule_of(field.name)
            object.__setattr__(result, field.name, self.value(getattr(value, field.name), found))
        return result

    def _object(self, value: object, rule: KeyRule | None) -> object:
        for text in _texts(value):
            clean = self._leaf(text, rule)
            if clean != text:
                return clean
        return value

    def text(self, text: str) -> str:
        """Return `text` with the secrets in it masked."""
        if self._text_left < 0:
            return self._mask("too_much_text")
        self._text_left -= len(text) // _CLEAN_DISCOUNT
        if not self._redactor.suspects(text.encode("utf-8", "surrogatepass")):
            return text
        self._text_left -= min(len(text), LONGEST_TEXT)
        if self._text_left < 0:
            return self._mask("too_much_text")
        if len(text) > LONGEST_TEXT:
            head = text[: LONGEST_TEXT // 4].rsplit(maxsplit=1)[0]
            return self._searched(head) + self._mask("too_long")
        return self._searched(text)

    def _searched(self, text: str) -> str:
        """Apply the rules until nothing changes: a mask may lay bare the edge of another secret."""
        json_text = self._json(text)
        if json_text is not None:
            return json_text
        for _ in range(_MOST_PASSES):
            before, text = text, self._pass(text)
            if text == before:
                return text
        return self._mask("unsettled")

    def _pass(self, text: str) -> str:
        rules, names = self._redactor.rules_for(text.encode("utf-8", "surrogatepass"))
        for rule in rules:
            text = re.sub(rule.pattern, partial(self._replaced, rule), text)
        return self._masked_sites(text) if names else text

    def _replaced(self, rule: TextRule, match: re.Match[str]) -> str:
        if rule.judge is not None and not rule.judge(match):
            return match[0]
        start, end = match.span("secret" if "secret" in match.re.groupindex else 0)
        offset = match.start()
        return match[0][: start - offset] + self._mask(rule.name) + match[0][end - offset :]

    def _json(self, text: str) -> str | None:
        """Return a JSON object or array without secrets, None if it is not one, or not exactly."""
        body = text.strip()
        if body[:1] + body[-1:] not in ("{}", "[]"):
            return None
        try:
            document = json.loads(
                body,
                object_pairs_hook=_members,
                parse_float=_exactly(float),
                parse_int=_exactly(int),
            )
        except (ValueError, RecursionError):
            return None
        before = self.counts.total()
        clean = self.value(document)
        if self.counts.total() == before:
            return text
        start = text.index(body)
        return text[:start] + _written_like(body, clean) + text[start + len(body) :]

    def _masked_sites(self, text: str) -> str:
        """Mask what follows a secret name in a text."""
        parts, done, position = [], 0, 0
        while site := _SITE.search(text, position):
            position = start = site.end()
            rule = self._site_rule(site)
            if rule is None:
                continue
            harmless = _HARMLESS.match(text, start)
            end = harmless.end() if harmless else _value_end(site, rule)
            if harmless or end == start:
                position = end
                continue
            quote = "" if site["open"] else site["quote"] or ""
            parts += [text[done:start], quote, self._mask(rule.name), quote]
            done = position = end
        return "".join([*parts, text[done:]])

    def _site_rule(self, site: re.Match[str]) -> KeyRule | None:
        name = site["key"] or site["option"]
        rule = self._redactor.rule_of(name)
        before = site.string[max(0, site.start() - 1) : site.start()]
        if rule is None and before in ("\\", "[", ";"):
            rule = self._redactor.rule_of(_GLUED.sub("", name))
        return rule


def _hides(rule: KeyRule, text: str) -> bool:
    """Return whether this value of a secret name tells a secret."""
    harmless = not text.strip() or _HARMLESS.fullmatch(text)
    return not harmless and not (rule.unless and re.fullmatch(rule.unless, text, re.DOTALL))


def _value_end(site: re.Match[str], rule: KeyRule) -> int:
    """Return where the secret value after `site` ends; where it starts, if it tells nothing."""
    text, start = site.string, site.end()
    if site["open"]:
        end = _closing(text, start, site["open"])
    elif _CODE.match(text, start):
        return start
    elif text[start : start + 1] in ("(", "[", "{"):
        end = _bracket_end(text, start)
    else:
        found = (_LINE if rule.to_line_end else _BARE).match(text, start)
        end = start + len(found[0].rstrip()) if found else start
    secret = text[start:end]
    is_name = secret == (site["key"] or site["option"])  # `password=password`, in code
    return end if _hides(rule, secret.strip("()[]{} ")) and not is_name else start


def _closing(text: str, start: int, quote: str) -> int:
    """Return where the quoted text that starts here ends: at its quote, or with the line."""
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    if len(quote) == 1:
        found = re.compile(rf"(?:\\.|[^{quote}\\])*+", re.DOTALL).match(text, start, line_end)
        return found.end() if found else start
    end = text.find(quote, start, line_end)
    while end > start and text[end - 1] == "\\" == quote[0]:
        end = text.find(quote, end + 1, line_end)
    return line_end if end < 0 else end


def _bracket_end(text: str, start: int) -> int:
    """Return where the bracket that opens here closes, or the end of the window if it does not."""
    window = min(len(text), start + _LONGEST_BRACKET)
    depth = 0
    for token in _BRACKET.finditer(text, start, window):
        if token["open"]:
            depth += 1
        elif token[0] in ")]}":
            depth -= 1
        if depth == 0:
            return token.end()
    return window


def _is_record(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _like(original: object, items: list[Any]) -> Any:
    """Return the items in a container of the original's kind."""
    if isinstance(original, list):
        return items
    if isinstance(original, tuple):
        return original._make(items) if hasattr(original, "_make") else tuple(items)
    return frozenset(items) if isinstance(original, frozenset) else set(items)


def _text_of(name: object) -> str:
    """Return a name as text, if it is one."""
    if isinstance(name, bytes):
        return name.decode("latin-1")
    return name if isinstance(name, str) else ""


def _are_lines(items: list[Any]) -> bool:
    """Return whether this is one text in lines, as in a notebook: a secret may span them."""
    return (
        len(items) > 1
        and all(issubclass(type(item), str) for item in items)
        and all(item.endswith("\n") for item in items[:-1])
    )


def _are_pairs(items: list[Any]) -> bool:
    """Return whether these are names with values, as headers are."""
    return bool(items) and all(
        # of its type, as isinstance may run foreign code; a named tuple names its own fields
        issubclass(type(item), list | tuple) and len(item) == 2 and not hasattr(item, "_fields")
        for item in items
    )


def _is_binary(name: str, value: object) -> bool:
    """Return whether this is an image or the like in base64, in which any token is chance."""
    if not _BINARY.match(name):
        return False
    lines = value if isinstance(value, list) else [value]
    return all(isinstance(line, str) and _BASE64.fullmatch(line) for line in lines)


def _texts(value: object) -> Iterator[str]:
    """Yield the texts that others may show for an object; of an exception, those of its causes."""
    if not isinstance(value, BaseException):
        yield from (repr(value), str(value))
        return
    chain: list[BaseException] = []
    while value is not None and value not in chain and len(chain) < DEEPEST:
        chain.append(value)
        value = value.__cause__ or value.__context__
    yield "; after ".join(
        " ".join([repr(error), *getattr(error, "__notes__", ())]) for error in chain
    )


class _Name(str):
    """A member's name that equals only itself: JSON may hold the same name twice."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else {_Name(key): item for key, item in pairs}


def _exactly(kind: type[Any]) -> Callable[[str], Any]:
    """Return a parser that refuses a number which would be written differently."""

    def parse(text: str) -> Any:
        number = kind(text)
        if repr(number) != text:
            raise ValueError(text)
        return number

    return parse


def _written_like(body: str, document: object) -> str:
    """Return the document as JSON, with the spaces and the escapes of the original."""
    indent = re.match(r"[\[{]\r?\n( *)", body)
    compact = indent is None and re.match(r"[\[{]\s*+\"(?:[^\"\\]|\\.)*+\":\S", body)
    return json.dumps(
        document,
        ensure_ascii=body.isascii(),
        indent=len(indent[1]) if indent else None,
        separators=(",", ":") if compact else None,
    )


_DEFAULT = Redactor()


def redact(value: object) -> object:
    """Return `value`, or a copy in which secrets are replaced by `MASK`; never raise."""
    return _DEFAULT.redact(value)


def redact_text(text: str) -> str:
    """Return `text` with the secrets in it replaced by `MASK`; never raise."""
    return _DEFAULT.redact_text(text)
