"""Recognises prose after a secret's name: `SENTRY_AUTH_TOKEN: not set` does not hold a secret.

The words are a closed list: `password: swordfish is mine` reads like prose, too, but holds one.
"""

import re

from securenet_obs.redaction.rules.rule import KeyRule
from securenet_obs.redaction.rules.shapes import STATES

_FUNCTION_WORDS = (
    "a|an|the|this|that|these|those|its?|they|there|here|he|she|we|you|your|our|their|his|her|my"
    "|no|not|nothing|none|neither|never|only|also|already|still|some|any|all|every|each|both|one"
    "|is|are|was|were|be|been|has|have|had|do|does|did|can|cannot|could|may|might|must|shall"
    "|should|will|would|if|what|when|where|which|who|whom|whose|why|how|as|at|by|for|from|in|into|of|on|or|and|but"
    "|out|over|than|then|to|too|under|until|while|with|within|without|because|since|before|after"
    "|see|give|set|use|take|takes|check|name|make|send|add|remove|start|stop|try|run|write|choose"
)
"""First words of a sentence of several words."""

_SCHEME = r"(?:(?:Bearer|Basic)[`'\"]?[.,;:]?[ \t]+)?"
_FOREIGN = (
    "(?:Arguments|Assertion|Data|Date|Datetimes|Decimal|Error|Extra|Field|Fraction|Input|Instance"
    "|JSON|Keys|Object|Recursion|String|Timezone|URL|UUID|Unable|Value)(?: input| scheme)?"
    " (?:be|error|extracting|failed|has|have|inputs?|is|iterating|must|offset|provided|required"
    "|should|tag|to|version|violated)"
    "|Address already|Broken pipe|Connection (?:refused|reset|timed)|File exists|Got multiple"
    "|Name or|Operation not|Permission denied|Read-only file"
)
"""First words of an error message of pydantic or the operating system."""

_REPORT = re.compile(
    rf"(?:(?i:not|no|never|is|was|are|were|has|had|must|cannot|could|should|will|does|did|may|this"
    rf"|please|enter|required|field|value|{STATES})[.,;:]?"
    r"(?:[ \t]+[A-Za-z'`,;.()-]{1,20}){1,30})"
)
"""A whole value that reports about a secret: `not found in vault`."""
_COLON = re.compile(r":[ \t]++$")
_PROSE = re.compile(
    rf"{_SCHEME}(?i:{_FUNCTION_WORDS}),?[ \t]+(?=[A-Za-z0-9\"'`({{<])"
    r"|(?:[Tt]oken|[Kk]ey|[Pp]assword) (?:that|which|of|for|changed|expired|unchanged|updated)\s"
    rf"|(?i:{STATES})[.,;:]?(?=\s|$)"
)
_FOREIGN_PROSE = re.compile(rf"(?:{_FOREIGN})(?![\w-])")
_PLACEHOLDER = re.compile(
    r"(?:Bearer|Basic)(?:[`'\"]?[.,;:]?[ \t]*(?=[\r\n]|$)"
    r"|[ \t]+(?:\w{0,10}(?:\.\.\.|…)|<\w{1,30}>)(?![\w.-]))"
)
# Capitals such as `NOT` may be a password; a sentence begins with one capital at most.
_TEST = re.compile(r"[Tt]est\w*(?: |$)")
"""A test that has passed: `PASS: TestLogin (0.00s)`."""
_HELP = re.compile(
    r"(?:requires?|strings?|needs|expects|takes|options?|flag|argument|specified|is|was|are|has|must"
    r"|cannot|and|or)(?=[ \t]+[A-Za-z]|[ \t]*[.,]?$)|(?P<name>[A-Z][A-Z_-]{2,30})(?=\]|[ \t]|$)"
)
"""A word of a help text, or the name of an argument there, which the option's name contains."""
_CAPITALS = re.compile(r"[A-Z]{2}")
_WORDS = re.compile(r"[A-Za-z'`,;.() \t\r-]*")
_MAX_WORD = 20
_REFERENCE = re.compile(r"(?:NAME|[A-Z]{1,40}(?:_[A-Z]{1,40}){1,9})(?![\w-])")


def is_sentence(text: str) -> bool:
    """Return whether a whole value is a sentence about a secret, such as `not found in vault`."""
    return _REPORT.fullmatch(text) is not None and _CAPITALS.match(text) is None


def is_prose(assignment: re.Match[str], rule: KeyRule) -> bool:
    """Return whether prose, and not a value, follows the name and colon of `assignment`."""
    text, start = assignment.string, assignment.end()
    if assignment["option"]:
        return not assignment["open"] and _is_help(assignment)
    if assignment["open"] or not _COLON.search(assignment[0]):
        return _is_reference(assignment)
    if _PLACEHOLDER.match(text, start) or (
        assignment["key"] == "PASS" and _TEST.match(text, start) is not None
    ):
        return True
    if _FOREIGN_PROSE.match(text, start):
        return not rule.to_line_end
    if not _PROSE.match(text, start) or _CAPITALS.match(text, start):
        return False
    return not rule.to_line_end or _is_line_of_words(text, start)


def _is_help(assignment: re.Match[str]) -> bool:
    """Return whether the help or an error about an option follows it, and not its argument."""
    word = _HELP.match(assignment.string, assignment.end())
    return word is not None and (
        word["name"] is None
        or word["name"].replace("_", "-").lower() in assignment["option"].replace("_", "-").lower()
    )


def _is_line_of_words(text: str, start: int) -> bool:
    """Return whether the rest of the line is words only: a header's value may have several."""
    end = text.find("\n", start)
    found = _WORDS.fullmatch(text, start, len(text) if end < 0 else end)
    return found is not None and max(map(len, found[0].split()), default=0) <= _MAX_WORD


def _is_reference(assignment: re.Match[str]) -> bool:
    """Return whether `assignment` is `secret:NAME`, a reference to a variable, not its value."""
    is_name = assignment["key"] == "secret" and assignment[0].endswith("secret:")
    return is_name and _REFERENCE.match(assignment.string, assignment.end()) is not None
