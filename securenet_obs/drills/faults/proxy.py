"""A TCP proxy on loopback that can drop all traffic silently, as a broken network does."""

import asyncio
import threading
from typing import Self

_CHUNK = 64 * 1024
_START_S = 5.0


class Proxy:
    """Passes bytes between its clients and a server, and drops them while `drops_traffic` is set.

    A connection that has lost bytes stays silent for good, as behind a firewall that has dropped
    its state: neither side gets an error, and only later connections pass again.
    """

    def __init__(self, server_port: int) -> None:
        self.drops_traffic = False
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server_port = server_port
        self._listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        """Listen on `port`, in a thread of its own."""
        self._thread.start()
        if not self._listening.wait(_START_S):
            raise TimeoutError("the proxy did not start to listen")
        return self

    def __exit__(self, *_: object) -> None:
        """Close the port and every connection."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._over.wait()
        server.close()
        # A connection that has lost bytes does not end by itself.
        for writer in self._writers:
            writer.transport.abort()
        while self._writers:
            await asyncio.sleep(0.01)

    async def _serve(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            to_client.close()
            return
        link = _Link()
        self._writers |= {to_client, to_server}
        try:
            await asyncio.gather(
                self._pass_on(from_client, to_server, link),
                self._pass_on(from_server, to_client, link),
            )
        finally:
            to_client.close()
            to_server.close()
            self._writers -= {to_client, to_server}

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, link: "_Link"
    ) -> None:
        while data := await _read(source):
            link.silent = link.silent or self.drops_traffic
            if not link.silent:
                sink.write(data)
        # A silent connection does not pass on a close either.
        if not (link.silent or self.drops_traffic):
            sink.close()


class _Link:
    """A connection between a client and the server; `silent` once it has lost bytes."""

    silent = False


async def _read(source: asyncio.StreamReader) -> bytes:
    """Return the received bytes; empty at the end of the connection, even after an error."""
    try:
        return await source.read(_CHUNK)
    except ConnectionError:
        return b""
