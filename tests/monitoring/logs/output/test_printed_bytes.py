"""The stream of bytes of a stream of printed lines."""

import io

import pytest

from securenet_obs.monitoring.logs.output.printed_bytes import PrintedBytes


def stream() -> tuple[io.StringIO, PrintedBytes]:
    """Return a text stream, and the bytes that are printed to it."""
    text = io.StringIO()
    return text, PrintedBytes(text, "<stdout>")


def test_a_character_may_come_in_parts() -> None:
    """Parts of a character wait for the others; at the end they are escaped."""
    text, data = stream()
    for byte in "ä€𝄞".encode():
        assert data.write(bytes([byte])) == 1
    data.write(b"\xe2\x82")
    assert text.getvalue() == "ä€𝄞"
    data.end()
    assert text.getvalue() == "ä€𝄞\\xe2\\x82"


@pytest.mark.parametrize("data", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
def test_any_buffer_is_accepted(data: bytes) -> None:
    """As by a file."""
    text, printed = stream()
    assert printed.write(data) == 2
    assert text.getvalue() == "ab"


def test_its_properties_are_those_of_an_unbuffered_file() -> None:
    """It is writable, no terminal, never closed and its own raw stream."""
    text, data = stream()
    data.close()
    data.flush()
    assert (data.writable(), data.isatty(), data.closed) == (True, False, False)
    assert data.raw is data
    assert data.detach() is data
    data.decode_as("latin-1", "strict")
    data.write(b"\xe4")
    assert text.getvalue() == "ä"
