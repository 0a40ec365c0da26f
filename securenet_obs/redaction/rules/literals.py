"""Finds literals of a regular expression: short texts, one of which occurs in every match."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

# The parser of `re` is not public. Its tree is the only one that agrees with `re` on every pattern.
_parser: Any = import_module("re._parser")
_NAMES: Any = import_module("re._constants")
_RARE = 3
_REPEATS = (_NAMES.MAX_REPEAT, _NAMES.MIN_REPEAT, _NAMES.POSSESSIVE_REPEAT)


def literals(pattern: str) -> frozenset[str]:
    """Return texts in lower case, one of which is in every ASCII match in lower case.

    Without a literal the result is empty.
    """
    return _required(_parser.parse(pattern))


def _required(tree: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    """Return the best of the sets of literals that a sequence of nodes requires."""
    found, run = [], ""
    for node, argument in tree:
        if node is _NAMES.LITERAL and argument < 128:
            run += chr(argument).lower()
            continue
        found += [frozenset((run,)), _of_node(node, argument)]
        run = ""
    found.append(frozenset((run,)))
    return max(found, key=_rarity) - {""}


def _rarity(texts: frozenset[str]) -> tuple[int, bool]:
    """Return the order of sets of literals: long ones and punctuation are rare in a text."""
    shortest = min(map(len, texts), default=0)
    return min(shortest, _RARE), not any(text[:1].isalnum() for text in texts)


def _of_node(node: Any, argument: Any) -> frozenset[str]:
    if node is _NAMES.SUBPATTERN or node is _NAMES.ASSERT:
        return _required(argument[-1])
    if node is _NAMES.ATOMIC_GROUP:
        return _required(argument)
    if node in _REPEATS and argument[0] > 0:
        return _required(argument[2])
    if node is _NAMES.BRANCH:
        branches = [_required(branch) for branch in argument[1]]
        return frozenset().union(*branches) if all(branches) else frozenset()
    return frozenset()
