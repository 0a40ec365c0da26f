"""Text without terminal escapes and control characters."""

from securenet_obs.runner.plain_text import plain_text


def test_escapes_are_taken_out_whole() -> None:
    """Colours, titles and control characters are removed; text, tabs and line feeds are kept."""
    assert plain_text("\x1b[1;31ma\x1b[0m\x1b]0;title\x07\tb\n\x00\x08c\ud800") == "a\tb\nc"
    assert plain_text("\x9b31ma\x9b0m\x9d0;title\x9cb\x85\x7f") == "ab"
