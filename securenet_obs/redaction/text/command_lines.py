"""Finds secret arguments of commands, in a list of arguments and in a command line's text."""

import re
from collections.abc import Iterator, Sequence

from securenet_obs.redaction.rules.commands import Command, CommandRule, program
from securenet_obs.redaction.rules.rule import MASK

_MAX_WORDS = 200
_WORD = re.compile(
    r"[\s,]{0,9}(?P<word>(?:\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'|(?:\[redacted\]|[^\s\"'`;|&<>,\])\\]|\\[^\n]|,(?=[^\s\"']))+)+)"
)
_REFERENCE = re.compile(r"[\$%*<{].*|-")
"""A variable, a placeholder or standard input, and not a secret itself."""
_SOURCES = re.compile(r"(?:env|file|fd|stdin|prompt):?")
_OPENSSL = "pass:"
_LOGIN = re.compile(
    r"(?i:(?:userid|target|auxiliary|catalog)=)?[\"']?(?!and/or$)[\w$#.\[\]]{1,80}/"
    r"(?P<secret>\\*[\"'][^\"']*[\"']|[^\s/\"']+(?=[\"']?@[^@]*$)|[^\s/@\"']+)"
    r"(?P<database>[\"']?@[^@]*)?"
)
"""User and password of Oracle; `/nolog`, `user@database` and paths have another form."""
_AFTER_LOGIN = re.compile(r"[@-].*|\w+=.*|(?i:as)")

Span = tuple[int, int, int]
"""Index of an argument, and the start and end of the secret in it."""


def secrets_in_arguments(rule: CommandRule, words: Sequence[str]) -> list[Span]:
    """Return the secrets in a list of arguments that contains a program."""
    spans: set[Span] = set()
    for index, word in enumerate(words[:_MAX_WORDS]):
        for command in rule.programs.get(program(word), ()) if len(word) < _MAX_WORDS else ():
            for at, start, end in _secrets(command, words[index + 1 : index + _MAX_WORDS]):
                spans.add((index + 1 + at, start, end))
    return sorted(spans)


def secrets_in_text(rule: CommandRule, text: str) -> list[tuple[int, int]]:
    """Return the start and end of each secret argument of a command line in a text, in order."""
    found: set[tuple[int, int]] = set()
    for match in rule.compiled.finditer(text):
        words, starts = _words(text, match.end())
        for command in rule.programs.get(match[0].lower(), ()):
            for at, start, end in _secrets(command, words):
                found.add((starts[at] + start, starts[at] + end))
    return sorted(found)


def _words(text: str, position: int) -> tuple[list[str], list[int]]:
    """Return the words of a command line without their quotes, and where each begins."""
    words: list[str] = []
    starts: list[int] = []
    if text[position : position + 1] in ("'", '"'):  # the end of the program's own quotes
        position += 1
    while len(words) < _MAX_WORDS:
        match = _WORD.match(text, position)
        if match is None or "\n" in text[position : match.start("word")]:
            break
        word, start = match["word"], match.start("word")
        quoted = len(word) > 1 and word[0] in "\"'" and word[0] == word[-1]
        words.append(word[1:-1] if quoted else word)
        starts.append(start + quoted)
        position = match.end()
    return words, starts


def _secrets(command: Command, words: Sequence[str]) -> Iterator[Span]:
    """Yield the secrets in the arguments of a command, by one row of the table."""
    begin = 0
    if command.verbs:
        verbs = command.verbs.split()
        begin = next((at + 1 for at, word in enumerate(words) if word in verbs), -1)
        if begin < 0:
            return
    yield from _placed(command, words, begin)
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word in command.separate.split() and following:
            start = len(_OPENSSL) if following.startswith(_OPENSSL) else 0
            yield from _span(at + 1, following, start)
        for option in command.attached.split():
            # Options of Windows are equal in either case.
            begins = (word.lower() if option[0] == "/" else word).startswith(option)
            if begins and len(word) > len(option) and word[:2] != "--":
                yield from _span(at, word, len(option))
        for option in command.pairs.split():
            if word == option and following:
                yield from _pair(at + 1, following, 0, command.separator)
            elif word.startswith(option) and (word[:2] != "--" or word[len(option) :][:1] == "="):
                yield from _pair(at, word, len(option), command.separator)


def _placed(command: Command, words: Sequence[str], begin: int) -> Iterator[Span]:
    """Yield the positional argument that is secret: by number, the last, or after a share."""
    places = [at for at in range(begin, len(words)) if words[at][:1] not in ("-", "")]
    if command.place > 0 and len(places) >= command.place:
        at = places[command.place - 1]
        yield from _span(at, words[at], 0)
    elif command.place == -4 and words[begin + 1 : begin + 2] and words[begin + 1][0] not in "/*":
        yield from _span(begin + 1, words[begin + 1], 0)
    elif command.place == -1 and len(places) >= 2:
        yield from _span(places[-1], words[places[-1]], 0)
    elif command.place == -3:
        for at, word in enumerate(words):
            login = _LOGIN.fullmatch(word)
            if login and (login["database"] or _AFTER_LOGIN.fullmatch((*words, "-")[at + 1])):
                yield from _span(at, word[: login.end("secret")], login.start("secret"))
                return
    elif command.place == -2:
        for at in places[:-1]:
            if words[at].startswith("\\\\") and words[at + 1][:1] != "/":
                yield from _span(at + 1, words[at + 1], 0)


def _pair(at: int, word: str, begin: int, separator: str) -> Iterator[Span]:
    found = word.find(separator, begin)
    if found >= 0:
        quote = (
            len(word) - len(word.rstrip("\"'"))
            if word[begin : begin + 2].strip("=")[:1] in "\"'"
            else 0
        )
        yield from _span(at, word[: len(word) - quote], found + 1)


def _span(at: int, word: str, start: int) -> Iterator[Span]:
    secret = word[start:]
    harmless = not secret or MASK in secret or _REFERENCE.fullmatch(secret)
    if not harmless and not _SOURCES.match(secret):
        yield at, start, len(word)
