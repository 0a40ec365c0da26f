"""Reads a notebook file as JSON; requires a regular UTF-8 file of limited size and depth."""

import json
import math
import stat
from pathlib import Path
from typing import Any

from securenet_obs.errors import NotebookError, NotebookNotFoundError

MAX_FILE_BYTES = 512_000_000
"""Size above which a file is refused; a notebook of this size consists mostly of outputs."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_json(path: Path) -> Any:
    """Return the JSON value of a notebook file; NaN and infinities, which JSON lacks, become null.

    Raises:
        NotebookNotFoundError: the file does not exist.
        NotebookError: the file cannot be read or is not JSON; the message starts with the path.
    """
    try:
        return _parsed(_text(_data(path)))
    except FileNotFoundError:
        raise NotebookNotFoundError(f"{path}: no such notebook.") from None
    except OSError as error:
        raise NotebookError(f"{path}: cannot be read: {error.strerror}.") from error
    except RecursionError:
        raise NotebookError(f"{path}: not a notebook: its JSON is nested too deeply.") from None
    except ValueError as error:
        raise NotebookError(f"{path}: not a notebook: {error}.") from error


def _data(path: Path) -> bytes:
    """Return the bytes of a regular file; a pipe or a device might never end.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a regular file, or too large.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is a folder" if path.is_dir() else "it is not a regular file")
    if status.st_size > MAX_FILE_BYTES:
        raise ValueError(
            f"it has {status.st_size:,} bytes, and at most {MAX_FILE_BYTES:,} are read; "
            "clear its outputs"
        )
    return path.read_bytes()


def _text(data: bytes) -> str:
    """Return the text of UTF-8 bytes without a byte order mark.

    Raises:
        ValueError: the file is empty, or not UTF-8.
    """
    if not data.strip():
        raise ValueError("the file is empty")
    if data.startswith(_UTF16):
        raise ValueError("it is UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8; save it as UTF-8") from error


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from error


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None
