"""Entries of lines."""

from securenet_obs.detection.network.readers.entries import BLANK, Entry


def test_only_a_line_without_an_item_is_blank() -> None:
    """A JSON null is an item; a fault is not blank."""
    assert Entry(1, 0, 0, BLANK, "", b"").is_blank
    assert not Entry(1, 0, 0, None, "", b"null").is_blank
