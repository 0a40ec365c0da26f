"""Secrets: references are recorded, values are resolved, and no value reaches the evidence."""

import base64
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.runner.notebook.parameters.secret import Secret


def test_a_value_comes_from_the_environment_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """NAME takes precedence over the file in NAME_FILE; the error for neither has the reference."""
    secret = Secret("secret:API_TOKEN")
    with pytest.raises(SettingsError, match="secret:API_TOKEN"):
        secret.get_secret_value()
    (tmp_path / "token").write_text("from-file\n")
    monkeypatch.setenv("API_TOKEN_FILE", str(tmp_path / "token"))
    assert secret.get_secret_value() == "from-file"
    monkeypatch.setenv("API_TOKEN", "from-environment")
    assert secret.get_secret_value() == "from-environment"
    assert "from-" not in f"{secret} {secret!r}"


@pytest.mark.parametrize("text", ["hunter2", "secret:a b", "secret:1", "SECRET:A"])
def test_invalid_references_are_refused_without_repeating_them(text: str) -> None:
    """The message does not repeat the text: it may be the value."""
    with pytest.raises(ValueError, match="never a value") as caught:
        Secret(text)
    assert text not in str(caught.value)


CANARY = "cAn4ry+va|ue<&>\"'é=?%-0123456789"
LEAKS = """
import base64, html, json, sys, urllib.parse
from IPython.display import display, HTML, JSON
value = token.get_secret_value()
print(value)
for piece in value: print(piece, end="", flush=True)
print(value, file=sys.stderr)
print(base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(b"x" + value.encode()))
print(urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value), html.escape(value))
display(HTML(f"<b title='{html.escape(value)}'>{value}</b>"), metadata={"note": value})
display({"application/json": {value: [value]}, "text/plain": value}, raw=True)
display({"image/png": base64.b64encode(b"ab" + value.encode()).decode()}, raw=True)
open(value + "x", "w").write(value)
[value, {value: value}]
"""
JUDGED = """
from securenet_obs.checks import Checks
checks = Checks()
checks.expect(f"a {value}", expected=value, observed=value + "!")
"""


def test_no_byte_of_a_secret_is_left_in_the_evidence(
    write_notebook: Callable[..., Path], command_line: Callable[..., Any], tmp_path: Path
) -> None:
    """Outputs, tracebacks, display data, metadata, checks and names are masked in every file."""
    path = write_notebook(
        LEAKS, JUDGED, f"# {CANARY}\nraise ValueError(value)",
        name=f"leaks-{CANARY}",
        parameters="from securenet_obs.runner import Secret\n"
        'token: Secret = Secret("secret:OTHER")  # the canary',
    )  # fmt: skip
    answer = command_line(
        "run", path, "-p", "token=secret:LEAK_CANARY", environment={"LEAK_CANARY": CANARY}
    )
    assert answer.returncode == 3, answer.stderr
    (folder,) = (tmp_path / "evidence").glob("2*/")
    raw = CANARY.encode()
    spellings = {
        raw, base64.b64encode(raw), base64.urlsafe_b64encode(raw),
        urllib.parse.quote(CANARY, safe="").encode(), urllib.parse.quote_plus(CANARY).encode(),
        b"cAn4ry", b"-0123456789", base64.b64encode(b"x" + raw)[4:-4],
        base64.b64encode(b"ab" + raw)[4:-4],
    }  # fmt: skip
    files = list(folder.rglob("*"))
    assert len(files) == 7
    for file in files:
        assert not any(spelling in file.read_bytes() for spelling in spellings), file
        assert not any(spelling.decode() in file.name for spelling in spellings)
    notebook = next(file for file in files if file.suffix == ".ipynb").read_text()
    assert "secret:LEAK_CANARY" in notebook
    assert "secret:LEAK_CANARY" in (folder / "run.json").read_text()
    assert "0123456789" not in answer.stdout + answer.stderr


def test_secrets_joined_from_pieces_are_masked(
    write_notebook: Callable[..., Path], command_line: Callable[..., Any], tmp_path: Path
) -> None:
    """A value split by a terminal escape is masked in JUnit and HTML, which strip the escape."""
    value = "canary-of-two-halves"
    cell = (
        "import os\nfrom securenet_obs.checks import Checks\nvalue = os.environ['HALVES_TOKEN']\n"
        "Checks().expect('halves', expected=1, observed=value[:9] + '\\x1b[0m' + value[9:])\n"
        "print(value[:9] + '\\x1b[0m' + value[9:])"
    )
    command_line("run", write_notebook(cell), environment={"HALVES_TOKEN": value})
    files = list((tmp_path / "evidence").glob("2*/*"))
    assert len(files) == 7
    assert not any(value.encode() in file.read_bytes() for file in files)
