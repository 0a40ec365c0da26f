"""Words of names and texts, and the areas of the product to which they belong, by `areas.toml`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from securenet_obs.runner.comparison.facts import LOG_SCHEMA, REDIS

_TABLE = Path(__file__).with_name("areas.toml")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHORTEST = 3
_GENERAL = "general"
"""Name of the row with the words of every sentence, which are of no area."""

_KIND_AREAS = {REDIS: frozenset({"broker"}), LOG_SCHEMA: frozenset({"logs"})}


def split_words(text: str) -> frozenset[str]:
    """Return the words of a name or a text as singulars, without those of every sentence."""
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(_singular(word) for word in words) - _read_table()[_GENERAL]


def join_letters(text: str) -> str:
    """Return the letters and digits of a text in lower case: names differ in their signs."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _singular(word: str) -> str:
    """Return a word without the s of a plural; `redis`, `status` and `address` end in one."""
    is_plural = len(word) > _SHORTEST and word.endswith("s") and word[-2] not in "ius"
    return word[:-1] if is_plural else word


@cache
def _read_table() -> Mapping[str, frozenset[str]]:
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {area: frozenset(map(_singular, words.split())) for area, words in table.items()}


def _areas() -> dict[str, frozenset[str]]:
    return {area: words for area, words in _read_table().items() if area != _GENERAL}


def find_areas(words: Iterable[str]) -> frozenset[str]:
    """Return the areas to which any of the words belongs."""
    given = frozenset(words)
    return frozenset(area for area, own in _areas().items() if own & given)


def share_of_areas(words: Iterable[str]) -> dict[str, float]:
    """Return the share of the words that belong to each area, of those that belong to any."""
    given = frozenset(words)
    counts = {area: len(own & given) for area, own in _areas().items()}
    total = sum(counts.values())
    return {area: count / total for area, count in counts.items() if count}


def areas_of_kind(kind: str) -> frozenset[str]:
    """Return the areas to which every fact of a kind belongs."""
    return _KIND_AREAS.get(kind, frozenset())
