"""Store of shared documents that keeps nothing: a document lives as long as its server.

The default one keeps each change of each document, also of outputs with secrets, on the disk.
"""

from collections.abc import AsyncIterator
from typing import Any

from pycrdt.store import BaseYStore, YDocNotFound

NAME = f"{__name__}.Unstored"
"""Name by which the server finds the class."""


class Unstored(BaseYStore):
    """A store in which no document is found; the server reads it from its file then.

    Args:
        path: name of the document.
        metadata_callback: not used.
        log: not used.
        config: not used.
    """

    def __init__(
        self, path: str, metadata_callback: Any = None, log: Any = None, config: Any = None
    ) -> None:
        self.path = path

    async def write(self, data: bytes) -> None:
        """Keep nothing."""

    async def read(self) -> AsyncIterator[tuple[bytes, bytes, float]]:
        """Find nothing.

        Raises:
            YDocNotFound: always.
        """
        raise YDocNotFound
        yield b"", b"", 0.0
