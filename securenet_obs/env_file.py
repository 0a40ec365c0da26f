"""Parses and formats env files, without expansions; problems name lines, not values."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from dotenv.variables import Atom, Variable, parse_variables

from securenet_obs.errors import SettingsError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"(?:export\s+)?\w+\s*=\s*['\"]")
_SHORT = 8
_SINGLE_QUOTED = re.compile(r"[^=]*=\s*'")
_COMMAND = re.compile(r"\$\(|`[^`]*`")
_BARE_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_LITERAL_HINT = "a value in single quotes is literal"


@dataclass(frozen=True)
class Problem:
    """One problem of an env file or an environment; `line` is 0 if it does not have a line."""

    sentence: str
    line: int = 0
    name: str = ""


@dataclass(frozen=True)
class EnvFile:
    """The variables of a file, the line of each, and the problems of the file."""

    values: dict[str, str]
    lines: dict[str, int]
    problems: tuple[Problem, ...]


def read_env_file(path: Path) -> EnvFile:
    """Parse a file of `NAME=value` lines, with a shell's `export`, quotes and comments.

    `${NAME}` expands to the value of an earlier line of the same file, never to a variable of this
    process. Other expansions of a shell (a command, `$NAME` of an earlier line) are problems. In
    single quotes everything is literal. No problem repeats a value, which may be a secret.

    Raises:
        SettingsError: the file does not exist, or is not text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: the env file does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read as UTF-8 text.") from error
    reading = _Parser()
    for binding in parse_stream(io.StringIO(text)):
        reading.take(binding)
    return EnvFile(reading.values, reading.lines, tuple(reading.problems))


class _Parser:
    """State of the parser: variables, lines and problems so far."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def take(self, binding: Binding) -> None:
        """Add the variable of one statement, or its problem."""
        source, name = binding.original.string, binding.key
        # The parser counts blank lines before a statement as part of it.
        blank = source[: len(source) - len(source.lstrip())]
        line = binding.original.line + blank.count("\n")
        if binding.error or (name is not None and binding.value is None):
            quoted = _QUOTED.match(source.lstrip())
            reason = ": its quotes do not match, or text follows them" if quoted else ""
            self._add_problem(f"this line is not of the form NAME=value{reason}", line)
        elif name is None:
            return
        elif not _NAME.fullmatch(name):
            self._add_problem("the name before = may contain letters, digits and _ only", line)
        elif name in self.lines:
            self._add_problem(f"{printable_name(name)} repeats line {self.lines[name]}", line, name)
        else:
            self.lines[name] = line
            value = binding.value or ""
            if "\0" in value:
                self._add_problem(f"{printable_name(name)} contains a NUL character", line, name)
            literal = _SINGLE_QUOTED.match(source) is not None
            self.values[name] = value if literal else self._expand(value, line, name)

    def _expand(self, value: str, line: int, name: str) -> str:
        """Return a value with its references resolved; as it is where one of them cannot be."""
        parts = list(parse_variables(value))
        reasons = list(self._expansion_problems(value, parts))
        for reason in reasons:
            self._add_problem(f"{printable_name(name)} {reason}", line, name)
        return value if reasons else "".join(part.resolve(self.values) for part in parts)

    def _expansion_problems(self, value: str, parts: Sequence[Atom]) -> Iterator[str]:
        """Yield the expansions of a shell that this parser does not support."""
        for part in parts:
            if isinstance(part, Variable) and part.default is None and part.name not in self.values:
                yield (
                    f"refers to ${{{printable_name(part.name)}}}, which no earlier line of "
                    "this file sets; the environment is not used"
                )
        if any("${" in (_default(part) or "") for part in parts):
            yield f"contains a ${{ but neither ${{NAME}} nor ${{NAME:-default}}; {_LITERAL_HINT}"
        if _COMMAND.search(value):
            yield f"contains a command, $(...) or `...`, which is not executed; {_LITERAL_HINT}"
        for bare in _BARE_REFERENCE.findall(value):
            if bare in self.values:
                yield f"contains ${bare}, which is not expanded: write ${{{bare}}}; {_LITERAL_HINT}"

    def _add_problem(self, sentence: str, line: int, name: str = "") -> None:
        self.problems.append(Problem(sentence, line, name))


def _default(part: Atom) -> str | None:
    """Return the text that a piece of a value is, or is without its variable."""
    return part.default if isinstance(part, Variable) else part.resolve({})


def printable_name(name: str) -> str:
    """Return a variable's name, unless it may be a part of a secret that was split into lines."""
    one_case = name.isupper() or name.islower()
    # Base32 and hexadecimal digits have one case, too, and end with = or precede it.
    digits = "_" not in name and len(name) > _SHORT and any(map(str.isdigit, name))
    return name if one_case and not digits and len(name) <= 64 else "this name"


def format_exports(variables: Mapping[str, str]) -> str:
    """Return the text of an env file, a line for each variable, which a shell can read, too."""
    lines = (f"export {name}={_quote(value)}\n" for name, value in variables.items())
    return "".join(lines)


def _quote(value: str) -> str:
    """Quote a value so that a shell and the reader of env files parse it alike.

    A value with a quote or a backslash beside `$` or a backtick can be quoted for the shell only.
    """
    if not {"'", "\\"} & set(value):
        return f"'{value}'"
    if not {"$", "`"} & set(value):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    escaped = value.replace("'", "'\\''")
    return f"'{escaped}'"
