"""Bounds what one cell may put into the evidence."""

from typing import Any

MOST_BYTES = 1_000_000
"""Bytes of output that are kept of one cell."""

MOST_OUTPUTS = 1_000
"""Outputs that are kept of one cell; consecutive text of one stream counts as one."""


class BoundedOutput:
    """Counts the output of one cell, and says which of it is kept."""

    def __init__(self) -> None:
        self.bytes = 0
        self._kept_bytes = 0
        self._kept = 0

    def takes(self, outputs: list[Any], content: dict[str, Any]) -> bool:
        """Say whether an output message becomes an output of its own.

        Text that continues a stream is added to it here, up to what has room: what was written in
        pieces is masked as one.
        """
        text = content.get("text")
        size = _size(content if text is None else text)
        self.bytes += size
        room = MOST_BYTES - self._kept_bytes
        if isinstance(text, str) and size > room:
            content["text"] = text = text.encode("utf-8", "replace")[:room].decode(
                "utf-8", "ignore"
            )
            size = _size(text)
        if size > room or not size:
            return False
        if text is not None and outputs and outputs[-1].get("name") == content.get("name"):
            self._kept_bytes += size
            outputs[-1]["text"] += text
            return False
        if self._kept >= MOST_OUTPUTS:
            return False
        self._kept_bytes += size
        self._kept += 1
        return True

    def close(self, outputs: list[Any]) -> None:
        """Say at the end of a cell's outputs how much is missing."""
        missing = self.bytes - self._kept_bytes
        if missing:
            from nbformat.v4 import new_output

            remark = f"\n[{missing:,} bytes of output are not kept]\n"
            outputs.append(
                new_output("stream", name="stderr", text=remark)  # type: ignore[no-untyped-call]
            )


def _size(value: Any) -> int:
    """Return how many bytes the texts of a message have."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return 0
