"""Patterns of assignments of values to names in a text; finds the span of a secret value."""

import re

from securenet_obs.redaction.rules.rule import MASK, KeyRule, atomic_group
from securenet_obs.redaction.rules.shapes import is_random
from securenet_obs.redaction.rules.values import is_secret_value

_MAX_BRACKET = 20_000

_QUOTE = r"(?:\"{3}|'{3}|\\*[\"'`]|&quot;|&#(?:34|39|x22|x27);|%2[27])"
_SPACE = r"(?:[^\S\n]|\x1b\[[\d;]{0,20}m)*"
_BEFORE = atomic_group(_SPACE, "before")
_AFTER = atomic_group(rf"{_SPACE}(?:\r?\n\s{{0,80}}(?=[\"']))?", "after")
ASSIGNMENT = re.compile(
    rf"(?<![\w.-])(?:(?P<key>[\w.-]++)(?:\]|%5[Dd])?(?P<quote>{_QUOTE})?\]?{_BEFORE}"
    rf"(?:[?:=!]{{1,3}}=|=>|->|\|\||=|:(?!:)|%3[Dd]|%3[Aa](?=%2[27])|;s:\d{{1,4}}:(?=\\*\")){_AFTER}"
    rf"|--?(?P<option>[A-Za-z][\w-]++)(?:[ ]++|(?:{_QUOTE}),?{_SPACE}(?={_QUOTE}))(?=[^\s-]))"
    rf"(?:[bBrRuUfF]{{1,2}}(?={_QUOTE})|\w{{0,20}}[Ss]ecret\w{{0,20}}\()?(?P<open>{_QUOTE})?"
)
"""A name up to the start of its value, in JSON, a repr, a query, a header or an option."""
PREFIX = re.compile(r"(?<![\w.-])(?:[\w.-]{1,30}[ \t]{1,3}){1,3}$")
"""Up to three words directly before the name, which may belong to it."""
ESCAPE_REST = re.compile(r"^(?:[bfnrt]|\d{1,3}m)")
"""Rest of an escaped line break or of a terminal's colour at the start of a name."""
_BARE = re.compile(
    r"(?:[^\s\"'`,;&<>\[)}\]\\%]++|\[redacted\]|\[|%(?!26)|\\(?![nrt\"'])|[)}\]](?=\w)"
    r"|,(?!\s|[\w.-]{1,40}[=:]|$))*"
)
_LINE = re.compile(r"(?:[^\r\n\"'\\=]|=(?:\\*\"[^\"\r\n]*+\")?|\\(?![nr]))*")
_BRACKET = re.compile(
    r"(?P<open>[(\[{])|[)\]}]|\"[^\"\\]*+(?:\\.[^\"\\]*+)*\"|'[^'\\]*+(?:\\.[^'\\]*+)*'", re.DOTALL
)
_ITEM = r"(?:\"[^\"\r\n]*\"|'[^'\r\n]*'|[^\s\"':#][^\s:]*)[ \t]*(?=\r?\n|$)"
_BLOCK = re.compile(
    r"[|>][+-]?\d?[ \t]*\r?\n(?P<indent>[ \t]+)(?P<secret>[^\r\n]*+(?:\r?\n(?P=indent)[^\r\n]*+)*)"
    rf"|(?:#[^\r\n]*)?\r?\n[ \t]*-[ \t]+(?P<items>{_ITEM}(?:\r?\n[ \t]*-[ \t]+{_ITEM})*)"
    r"|<<[-~]?(?P<word>\w{1,40})\r?\n(?P<here>[^\0]*?)(?=\r?\n[ \t]*(?P=word))"
)
"""A block of YAML, a list of YAML, or a here document."""
_LETTERS = re.compile(r"[A-Za-z_.]*")
_MIXED = re.compile(r"[^A-Za-z\s_-]")
_LISTED = frozenset(("password", "pwd"))
"""Rules of names above lists of secrets; above other names stands a list of names."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}")
_KNOWN_SCHEME = re.compile(
    r"(?i:bearer|basic|token|key|api-?key|ssws|geniekey|flyv1|splunk|bot|negotiate|ntlm|apikey-v1"
    r"|[\w-]{0,20}(?:auth-?key|oauthtoken|api-?key|api-?token|access-?token)|oauth2?|pat|jwt|mac)"
)
_PARAMETERS = re.compile(
    r"(?i:digest|oauth|hawk|gnap|signature|sharedaccesssignature|sharedkey|aws4-[\w-]+|[\w-]*hmac[\w-]*)"
)
"""Schemes whose credential is a list of parameters up to the end of the line."""
_CREDENTIAL = re.compile(
    r"[ \t]+(?P<secret>\[redacted\]|[^\s\"'`,;&<>(){}\[\]:=\\]"
    r"(?:[^\s\"'`;&<>(){}\[\]\\=,]|,(?=\S)|=(?=[=\s\"'`,;]|$)){5,})"
)
_CODE = re.compile(
    r"(?:await\s)?(?:"
    r"(?:self|cls|this|settings|config|os|req|request|secrets|environ|getpass|stack)[.(\[]"
    r"|(?:get|load|make|read|create|generate|fetch|str|len|repr|input|field)[A-Za-z_]*\("
    r"|[$]?[A-Za-z_]\w{0,40}\[[\"']|(?:Column|Field|String|SecretStr|\w{1,20}\.Header\.Get)\()"
)


def value_span(assignment: re.Match[str], rule: KeyRule) -> tuple[int, int]:
    """Return the start and end of the secret value of `assignment`, equal if it is not secret."""
    text, start = assignment.string, assignment.end()
    if assignment["open"]:
        end = _closing(text, start, assignment["open"])
    elif _CODE.match(text, start):
        return start, start
    elif text[start : start + 1] in ("(", "[", "{"):
        end = _bracket_end(text, start)
    elif block := _BLOCK.match(text, start):
        start, end = block.span(_group_of(block))
        if block["items"] and (rule.name not in _LISTED or not _MIXED.search(block["items"])):
            return start, start
    else:
        found = (_LINE if rule.to_line_end else _BARE).match(text, start)
        end = start + len(found[0].rstrip()) if found else start
        end = _credential_end(text, start, end, assignment)
    secret = text[start:end]
    is_name = _is_name(secret, assignment["key"] or assignment["option"])
    is_masked = secret == MASK or (assignment["option"] is not None and MASK in secret)
    is_secret = is_secret_value(rule, secret.strip("()[]{} "))
    return (start, end) if is_secret and not is_name and not is_masked else (start, start)


def _is_name(value: str, name: str) -> bool:
    """Return whether code copies a value: `self.password = password`, `token = other.token`."""
    last = name.rpartition(".")[2]
    return value in (name, last) or (
        value.endswith(f".{last}") and _LETTERS.fullmatch(value) is not None
    )


def _group_of(block: re.Match[str]) -> str:
    return next(name for name in ("secret", "items", "here") if block[name] is not None)


def _credential_end(text: str, start: int, end: int, assignment: re.Match[str]) -> int:
    """Return the end of the credential after an authentication scheme, else that of the value."""
    scheme = text[start:end]
    if not _SCHEME.fullmatch(scheme):
        return end
    if _PARAMETERS.fullmatch(scheme) and (rest := _LINE.match(text, end)):
        return end + len(rest[0].rstrip())
    credential = _CREDENTIAL.match(text, end)
    if credential is None:
        return end
    if credential["secret"] == MASK:
        return credential.end()
    known = _KNOWN_SCHEME.fullmatch(scheme) or (
        ":" in assignment[0] if scheme[0].isupper() else is_random(credential["secret"])
    )
    return credential.end() if known and _is_credential(credential["secret"]) else end


def _is_credential(word: str) -> bool:
    """Return whether a word after a scheme is a credential, and not the next word of a sentence."""
    return any(map(str.isdigit, word)) or len(word) >= 16 or word[-1] == "="


def _closing(text: str, start: int, quote: str) -> int:
    """Return the end of the quoted text that starts here: its closing quote, or the line's end."""
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    if len(quote) == 1:
        found = re.compile(rf"(?:\\.|[^{quote}\\])*", re.DOTALL).match(text, start, line_end)
        return found.end() if found else start
    end = text.find(quote, start, line_end)
    while end > start and text[end - 1] == "\\" == quote[0]:
        end = text.find(quote, end + 1, line_end)
    return line_end if end < 0 else end


def _bracket_end(text: str, start: int) -> int:
    """Return the end of the bracket that opens here, or of the window if it does not close."""
    window = min(len(text), start + _MAX_BRACKET)
    depth = 0
    for token in _BRACKET.finditer(text, start, window):
        if token["open"]:
            depth += 1
        elif token[0] in ")]}":
            depth -= 1
        if depth == 0:
            return token.end()
    return window
