"""Lines: objects of ASCII texts, of which few are searched."""

from typing import Any

import pytest

from securenet_obs.redaction import MASK, Redactor, lines, redact

LINE = {"event": "started", "url": "redis://:x1@h/0", "password": "x1", "n": 1}


def test_a_line_of_known_texts_needs_no_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text with another secret is masked by one search if the masked text is known."""
    redactor = Redactor()
    masked = {**LINE, "url": f"redis://:{MASK}@h/0", "password": MASK}
    assert redactor.redact(LINE) == masked
    monkeypatch.setattr(lines, "Walk", None)
    assert redactor.redact({**LINE, "url": "redis://:x2@h/0"}) == masked
    assert redactor.counts == {"url_password": 2, "password": 2}


def test_a_second_secret_in_a_known_text_is_masked() -> None:
    """A text that is known with one secret masked may hold another one."""
    redactor = Redactor()
    for text in ("redis://:x1@h/0", "redis://:x1@h/0 redis://:x2@h/0 password=x3"):
        assert "x" not in str(redactor.redact({**LINE, "url": text})["url"])  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("see pass: x1", f"see pass: {MASK}"),
        ({"a": {"token": "x1"}}, {"a": {"token": MASK}}),
        ([{"name": "api_key", "value": "x1"}], [{"name": "api_key", "value": MASK}]),
        (["run", "--password", "x1"], ["run", "--password", MASK]),
        (("redis://:x1@h/0",), (f"redis://:{MASK}@h/0",)),
        ("api_key=x1", f"api_key={MASK}"),
    ],
)
def test_a_secret_beside_a_secret_name_is_masked(value: Any, masked: Any) -> None:
    """A name of the line explains an anchor; texts and containers with the same are searched."""
    for name in ("password", "token", "api_key", "n"):
        line = {name: "x1", "a": value}
        assert redact(line) == {name: "x1" if name == "n" else MASK, "a": masked}


def test_a_container_without_a_word_is_not_copied() -> None:
    """A container in which no rule may apply stays the same object."""
    clean, suspect = {"a": ["b", 1]}, {"a": ["no pass", 1]}
    result: Any = redact({**LINE, "clean": clean, "suspect": suspect})
    assert result["clean"] is clean
    assert result["suspect"] == suspect
    assert result["suspect"] is not suspect
