"""Words of a symptom: normalised, without those that any text has."""

import re

MAX_WORDS = 24
"""Maximum number of words of a text that is compared with symptoms; a traceback has more."""

_WORD = re.compile(r"[a-z0-9]{2,}")
_ENDING = re.compile(r"(?<=...)(?:ing|ed|es|e|(?<!s)s)$")
_COMMON = frozenset(
    {"an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "has", "have"}
    | {"in", "is", "it", "its", "my", "no", "not", "of", "on", "or", "our", "that", "the", "their"}
    | {"there", "they", "this", "to", "was", "we", "were", "when", "why", "will", "with"}
)


def read_words(text: str) -> frozenset[str]:
    """Return the words of a text, in lower case and without endings."""
    words = _WORD.findall(text.lower())
    return frozenset(_ENDING.sub("", word) for word in words if word not in _COMMON)
