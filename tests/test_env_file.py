"""Env files: parsed strictly and independently; a problem has its line and not its value."""

import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from securenet_obs.env_file import EnvFile, format_exports, printable_name, read_env_file
from securenet_obs.errors import SettingsError


def read(folder: Path, text: str) -> EnvFile:
    """Write a file and parse it."""
    (folder / "t.env").write_text(text)
    return read_env_file(folder / "t.env")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b c", "b c"),
        ("export A='it # is'  # why", "it # is"),
        ('A="two\\nlines"', "two\nlines"),
        ("A=b # why", "b"),
        ("A=", ""),
        ("A='${HOME}'", "${HOME}"),
        ("A='$(id) `id` $A'", "$(id) `id` $A"),
        ("A=pa$word`$", "pa$word`$"),
        ("A=b # $(id) `id`", "b"),
        ("A=${NOWHERE:-b}", "b"),
        ("\ufeffA=b", "b"),
    ],
)
def test_a_line_is_parsed_like_a_shell(line: str, value: str, tmp_path: Path) -> None:
    """`export`, quotes, comments and a default are supported; single quotes are literal."""
    assert read(tmp_path, line) == EnvFile({"A": value}, {"A": 1}, ())


def test_a_reference_resolves_to_an_earlier_line_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`${NAME}` never takes a value from this process's environment."""
    monkeypatch.setenv("MINE", "hunter2")
    file = read(tmp_path, "A=b\nC=${A}/c\nD=${MINE}\n")
    assert file.values["C"] == "b/c"
    (problem,) = file.problems
    assert (problem.line, "refers to ${MINE}" in problem.sentence) == (3, True)
    assert "hunter2" not in repr(file)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("A=1\n\n\nhunter2\n", 4, "not of the form NAME=value"),
        ("export hunter2\n", 1, "not of the form"),
        ("# c\n=hunter2\n", 2, "not of the form"),
        ("A='hunter2\nB=1\n", 1, "not of the form"),
        ("A='b' hunter2\n", 1, "not of the form"),
        ("A B=hunter2\n", 1, "not of the form"),
        ("hun-ter=1\n", 1, "letters, digits and _ only"),
        ("A=1\nB=2\nA=hunter2\n", 3, "A repeats line 1"),
        ("A=hunter2\0\n", 1, "NUL"),
    ],
)
def test_an_invalid_line_is_reported_by_number(
    text: str, line: int, reason: str, tmp_path: Path
) -> None:
    """The line's text is not repeated: it may be a secret."""
    problem = read(tmp_path, text).problems[0]
    assert (problem.line, reason in problem.sentence) == (line, True)
    assert "hunter2" not in problem.sentence
    assert "hun-ter" not in problem.sentence


@pytest.mark.parametrize("value", ["$(pass hunter2)", "`pass hunter2`", "x$((1+1))", "a$(b"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_command_is_refused(value: str, quote: str, tmp_path: Path) -> None:
    """A shell would execute it, so its text is not the intended value."""
    (problem,) = read(tmp_path, f"export A=b\nC={quote}{value}{quote}\n").problems
    assert (problem.line, problem.name) == (2, "C")
    assert "which is not executed; a value in single quotes is literal" in str(problem)
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("value", ["${A:?hunter2}", "${A:+b}", "${A:-${B}}", '"x${A"', "${A:0:2}"])
def test_an_unsupported_expansion_is_refused(value: str, tmp_path: Path) -> None:
    """Other expansions of a shell would result in wrong values."""
    (problem,) = read(tmp_path, f"A=b\nC={value}\n").problems
    assert (problem.line, problem.name) == (2, "C")
    assert "neither ${NAME} nor ${NAME:-default}" in problem.sentence
    assert "hunter2" not in problem.sentence


def test_a_reference_without_braces_is_refused(tmp_path: Path) -> None:
    """A password may contain a $, but not the name of an earlier line after it."""
    (problem,) = read(tmp_path, "A=b\nC=$A/c\nD=$Ab$\n").problems
    assert (problem.line, "write ${A}" in problem.sentence) == (2, True)


@pytest.mark.parametrize("text", ["A='hunter2\nB=1\n", 'export A = "hunter2\n', "A='b' hunter2\n"])
def test_unmatched_quotes_are_reported(text: str, tmp_path: Path) -> None:
    """The line has a name and a value, so the message mentions the quotes."""
    assert "its quotes do not match" in read(tmp_path, text).problems[0].sentence
    assert "quotes" not in read(tmp_path, "hunter2 'x'\n").problems[0].sentence


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    """One invalid line does not hide another."""
    file = read(tmp_path, "one\nA=1\ntwo\nA=2\n")
    assert [problem.line for problem in file.problems] == [1, 3, 4]
    assert file.values == {"A": "1"}


@pytest.mark.parametrize(
    ("name", "printable"),
    [
        ("SENTRY_DNS", True),
        ("redis_url", True),
        ("REDIS2", True),
        ("c2VjcmV0Cg", False),
        ("JBSWY3DPEHPK3PXP", False),
        ("dead0beef1cafe2f", False),
        ("A" * 65, False),
    ],
)
def test_a_name_that_may_be_part_of_a_secret_is_hidden(name: str, printable: bool) -> None:
    """The last line of a key in base64 or base32 looks like NAME=."""
    assert (printable_name(name) == name) is printable


@pytest.mark.parametrize("content", [None, b"A=\xff\n"])
def test_a_file_that_is_not_text_is_refused(content: bytes | None, tmp_path: Path) -> None:
    """A missing file and invalid UTF-8 are errors with the file's path."""
    path = tmp_path / "t.env"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"t\.env: "):
        read_env_file(path)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Any content results in values and problems, and in no other error."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.env"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            file = read_env_file(path)
        except SettingsError:
            return
        assert file.values.keys() == file.lines.keys()


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="$`\0\r", codec="utf-8")))
@example("it's # 'so' \\")
def test_exports_are_quoted_for_a_shell_and_for_an_env_file(value: str) -> None:
    """A shell and an env file read the same value, whatever characters a folder's name has."""
    _is_read_alike(value)


@given(st.text('$`{}AB "#', max_size=8))
@example("${HOME}")
def test_exports_expand_nothing(value: str) -> None:
    """A dollar sign is not expanded."""
    _is_read_alike(value)


def _is_read_alike(value: str) -> None:
    line = format_exports({"A": value})
    with TemporaryDirectory() as folder:
        file = Path(folder) / "t.env"
        file.write_text(line, newline="")
        assert read_env_file(file).values == {"A": value}
    assert shlex.split(line)[1] == f"A={value}"
