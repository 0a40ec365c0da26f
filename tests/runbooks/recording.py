"""A proxy in front of Redis that records the commands of its clients, and judges their writes."""

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import redis

Command = tuple[bytes, ...]

ALLOWED = (
    r"_kombu\.binding\.(reply\.)?celery\.pidbox",
    r"[0-9a-f-]{36}\.reply\.celery\.pidbox(\x06\x16\d)?",
    r"securenet:oncall:incident",
    r"direct\.[^@]+@.+",
    r"securenet:probe",
)
"""Keys that a look may write: Celery's control and reply keys, the incident lock, and its
canaries: a task in the queue of one worker, a key that expires."""

READING = {
    "config": {"get"},
    "client": {"setinfo", "setname", "id", "info", "list", "getname"},
    "acl": {"whoami", "getuser", "dryrun", "list", "log"},
    "slowlog": {"get", "len"},
    "latency": {"latest", "history"},
    "module": {"list"},
}
"""Administrative commands -> their subcommands that change nothing."""

SCRIPTS = {"eval", "evalsha", "fcall"}
"""Commands that may write, whatever their flags."""


class Recorder:
    """The commands that went through a proxy to one Redis."""

    def __init__(self, direct: redis.Redis) -> None:
        self._direct = direct
        self._flags: dict[str, set[str]] = {}
        self.commands: list[Command] = []

    def find_forbidden(self) -> list[str]:
        """Return the recorded commands that a look must not send."""
        return [text for command in self.commands if (text := self._judge(command))]

    def _judge(self, command: Command) -> str:
        """Return the beginning of a forbidden command; empty for any other."""
        name, keys = command[0].decode(), self._read_written(command)
        is_forbidden = (
            any(not re.fullmatch("|".join(ALLOWED), key) for key in keys)
            or ("write" in self._read_flags(name) and not keys)
            or self._is_admin(command)
        )
        return " ".join((name, *keys)) if is_forbidden else ""

    def _read_written(self, command: Command) -> list[str]:
        name = command[0].decode().lower()
        if not (name in SCRIPTS or "write" in self._read_flags(name)):
            return []
        try:
            keys: list[bytes] = self._direct.execute_command("COMMAND GETKEYS", *command)
        except redis.ResponseError:
            return []
        return [key.decode() if isinstance(key, bytes) else str(key) for key in keys]

    def _is_admin(self, command: Command) -> bool:
        name, *rest = (part.decode(errors="replace").lower() for part in command[:2])
        allowed = READING.get(name)
        if allowed is not None:
            return not rest or rest[0] not in allowed
        return "admin" in self._read_flags(name)

    def _read_flags(self, name: str) -> set[str]:
        if not self._flags:
            known: dict[str, dict[str, list[str]]] = self._direct.command()  # type: ignore[no-untyped-call]
            self._flags = {command: set(row["flags"]) for command, row in known.items()}
        return self._flags.get(name.lower(), set())


@contextmanager
def recording(host_port: int, recorder: Recorder) -> Iterator[int]:
    """Yield the port of a proxy to a Redis on loopback; record what its clients send."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, host_port, recorder), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def _serve(server: socket.socket, port: int, recorder: Recorder) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        upstream = socket.create_connection(("127.0.0.1", port))
        for target, args in (
            (_record, (client, upstream, recorder)),
            (_answer, (upstream, client)),
        ):
            threading.Thread(target=target, args=args, daemon=True).start()


def _answer(upstream: socket.socket, client: socket.socket) -> None:
    try:
        while data := upstream.recv(65536):
            client.sendall(data)
    except OSError:
        pass
    finally:
        client.close()


def _record(client: socket.socket, upstream: socket.socket, recorder: Recorder) -> None:
    """Record each command before Redis gets it."""
    try:
        with client.makefile("rb") as source, upstream:
            while command := _read_command(source):
                recorder.commands.append(command)
                upstream.sendall(_encode(command))
    except OSError:
        pass


def _read_command(source: BinaryIO) -> Command:
    """Return the next command, an array of bulk strings; empty at the end of the stream."""
    head = source.readline()
    if not head.startswith(b"*"):
        return ()
    parts = []
    for _ in range(int(head[1:])):
        size = int(source.readline()[1:])
        parts.append(source.read(size + 2)[:-2])
    return tuple(parts)


def _encode(command: Sequence[bytes]) -> bytes:
    bulks = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in command)
    return b"*%d\r\n%s" % (len(command), bulks)
