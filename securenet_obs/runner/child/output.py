"""Limits and counts a cell's kept output; applies carriage returns and backspaces to its text."""

import re
from typing import Any

MAX_BYTES = 1_000_000
"""Maximum bytes of output kept per cell."""

MAX_OUTPUTS = 1_000
"""Maximum number of outputs kept per cell; consecutive text of one stream counts as one."""

_OVERWRITTEN = re.compile(r".*\r(?=[^\n])")
"""Text that a carriage return overwrites, as in nbclient and JupyterLab."""


class BoundedOutput:
    """Counts the output of one cell and selects the part to keep.

    Attributes:
        bytes: size of the cell's whole output, cleared and dropped output included.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._kept_bytes = 0
        self._kept = 0
        self._missing = 0
        self._has_error = False

    def takes(self, outputs: list[Any], content: dict[str, Any]) -> bool:
        """Return whether an output message becomes an output of its own.

        Text that continues a stream is appended to it here, as far as there is room: text that
        was written in pieces is masked as a whole.
        """
        if isinstance(content.get("text"), str):
            return self._takes_text(outputs, content)
        size = _size(content)
        self.bytes += _size(content, names=False)
        if not self._has_room(size) and not self._is_first_error(content, size):
            self._missing += size
            return False
        self._kept_bytes += size
        self._kept += 1
        return True

    def _has_room(self, size: int) -> bool:
        return self._kept < MAX_OUTPUTS and self._kept_bytes + size <= MAX_BYTES

    def _is_first_error(self, content: dict[str, Any], size: int) -> bool:
        """Return whether this is the first traceback, which has room of its own."""
        first = "ename" in content and not self._has_error and size <= MAX_BYTES
        self._has_error = self._has_error or first
        return first

    def _takes_text(self, outputs: list[Any], content: dict[str, Any]) -> bool:
        """Append text to the stream that it continues; return whether it begins a new output."""
        text = content["text"]
        self.bytes += _size(text)
        if outputs and outputs[-1].get("name") == content.get("name"):
            outputs[-1]["text"] = self._continued(outputs[-1]["text"], text)
            return False
        content["text"] = text = self._within_room(_settled(text))
        if not text or self._kept >= MAX_OUTPUTS:
            self._missing += _size(text)
            return False
        self._kept_bytes += _size(text)
        self._kept += 1
        return True

    def _continued(self, before: str, text: str) -> str:
        """Return a stream's text with `text` appended, and its last line as a terminal shows it."""
        line = ""
        if before.endswith("\r") or "\r" in text or "\b" in text:
            start = before.rfind("\n") + 1
            before, line = before[:start], before[start:]
            self._kept_bytes -= _size(line)
        added = self._within_room(_settled(line + text))
        self._kept_bytes += _size(added)
        return before + added

    def _within_room(self, text: str) -> str:
        """Return the beginning of the text, as far as there is room for it."""
        data = text.encode("utf-8", "replace")
        room = max(0, MAX_BYTES - self._kept_bytes)
        if len(data) <= room:
            return text
        kept = data[:room].decode("utf-8", "ignore")
        self._missing += len(data) - _size(kept)
        return kept

    def replaces(self, before: dict[str, Any], content: dict[str, Any]) -> bool:
        """Return whether there is room to update an output in place."""
        size, freed = _size(content.get("data")), _size(before.get("data"))
        self.bytes += _size(content.get("data"), names=False)
        if self._kept_bytes - freed + size > MAX_BYTES:
            self._missing += size
            return False
        self._kept_bytes += size - freed
        return True

    def clear(self) -> None:
        """Free all room, after the cell has cleared its output."""
        self._kept_bytes = self._kept = self._missing = 0
        self._has_error = False

    def close(self, outputs: list[Any]) -> None:
        """Append the number of missing bytes to a cell's outputs."""
        if self._missing:
            from nbformat.v4 import new_output

            remark = f"\n[{self._missing:,} bytes of output are not kept]\n"
            outputs.append(
                new_output("stream", name="stderr", text=remark)  # type: ignore[no-untyped-call]
            )


def _settled(text: str) -> str:
    """Return the text with its carriage returns and backspaces applied."""
    if "\b" in text:
        text = _without_erased(text)
    return _OVERWRITTEN.sub("", text) if "\r" in text else text


def _without_erased(text: str) -> str:
    """Return the text without each backspace and the character before it."""
    kept: list[str] = []
    for character in text:
        if character != "\b":
            kept.append(character)
        elif kept and kept[-1] not in "\n\b":
            kept.pop()
        else:
            kept.append(character)
    return "".join(kept)


def _size(value: Any, *, names: bool = True) -> int:
    """Return the bytes of a message's texts and numbers, and of its keys if `names` is set."""
    total, rest = 0, [value]
    while rest:
        part = rest.pop()
        if isinstance(part, str):
            total += len(part.encode("utf-8", "replace"))
        elif isinstance(part, dict):
            rest += part.keys() if names else ()
            rest += part.values()
        elif isinstance(part, list):
            rest += part
        elif part is not None:
            total += len(str(part))
    return total
