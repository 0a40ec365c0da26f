"""Finds assignments of values to names in a text, each value's end, and whether it is secret."""

import re

from securenet_obs.redaction.rules.rule import KeyRule, atomic_group

_MAX_BRACKET = 20_000

_QUOTE = r"(?:\\*[\"'`]|&quot;|&#(?:34|39|x22|x27);)"
_SPACE = r"(?:[^\S\n]|\x1b\[[\d;]{0,20}m)*"
_BEFORE, _AFTER = atomic_group(_SPACE, "before"), atomic_group(_SPACE, "after")
ASSIGNMENT = re.compile(
    rf"(?<![\w.-])(?:(?P<key>[\w.-]++)(?:\]|%5[Dd])?(?P<quote>{_QUOTE})?{_BEFORE}"
    rf"(?:[:=!]=|=>|=|:(?!:)|%3[Dd]){_AFTER}|--(?P<option>[\w-]++)[ ]++(?=[^\s-]))"
    rf"(?:[bBrRuUfF]{{1,2}}(?={_QUOTE})|\w{{0,20}}[Ss]ecret\w{{0,20}}\()?(?P<open>{_QUOTE})?"
)
"""A name up to the start of its value, in JSON, a repr, a query, a header or an option."""
ESCAPE_REST = re.compile(r"^(?:[bfnrt]|\d{1,3}m)")
"""Rest of an escaped line break or of a terminal's colour at the start of a name."""
_BARE = re.compile(
    r"(?:\[redacted\]|[^\s\"'`,;&<>)}\]\\%]|%(?!26)|\\(?![nrt\"'])|[)}\]](?=\w)"
    r"|,(?!\s|[\w.-]{1,40}[=:]|$))*"
)
_LINE = re.compile(r"(?:[^\r\n\"'\\=]|=(?:\\*\"[^\"\r\n]*+\")?|\\(?![nr]))*")
_BRACKET = re.compile(
    r"(?P<open>[(\[{])|[)\]}]|\"[^\"\\]*+(?:\\.[^\"\\]*+)*\"|'[^'\\]*+(?:\\.[^'\\]*+)*'", re.DOTALL
)
HARMLESS = re.compile(
    r"(?:None|null|nil|[Tt]rue|[Ff]alse|undefined|str|int|bytes|bool|float|object|Any|SecretStr"
    r"|\*+|\.{3}|…|secret:[A-Za-z_]\w*|\$\{\w+\}|\$[A-Z_]{2,}|%(?:\(\w+\))?s|\{[\w.]*\}"
    r"|\[(?:redacted|Filtered)\]|SecretStr\(['\"]\**['\"]\))(?=[\s\"'`,;&)\]}<>|%\\]|$)"
)
_CODE = re.compile(
    r"(?:await\s)?(?:(?:self|cls|settings|config|os|request|secrets|environ|getpass|stack)[.(\[]"
    r"|(?:get|load|make|read|create|generate|fetch|str|len|repr|input|field)[a-z_]*\()"
)


def is_secret_value(rule: KeyRule, text: str) -> bool:
    """Return whether the value of a secret name is a secret."""
    harmless = not text.strip() or HARMLESS.fullmatch(text)
    return not harmless and not (rule.unless and re.fullmatch(rule.unless, text, re.DOTALL))


def value_end(assignment: re.Match[str], rule: KeyRule) -> int:
    """Return the end of the secret value of `assignment`, or its start if it is not secret."""
    text, start = assignment.string, assignment.end()
    if assignment["open"]:
        end = _closing(text, start, assignment["open"])
    elif _CODE.match(text, start):
        return start
    elif text[start : start + 1] in ("(", "[", "{"):
        end = _bracket_end(text, start)
    else:
        found = (_LINE if rule.to_line_end else _BARE).match(text, start)
        end = start + len(found[0].rstrip()) if found else start
    secret = text[start:end]
    is_name = secret == (assignment["key"] or assignment["option"])  # `password=password`, in code
    return end if is_secret_value(rule, secret.strip("()[]{} ")) and not is_name else start


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
