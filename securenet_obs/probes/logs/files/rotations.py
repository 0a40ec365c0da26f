"""Parses names of rotated and compressed log files; orders the rotations of a log by age."""

import re
from typing import NamedTuple

LOG_EXTENSIONS = (".log", ".json", ".jsonl", ".ndjson")
"""Extensions by which a folder is searched for logs."""

_COMPRESSED = re.compile(r"\.(gz|bz2|xz|zst)$", re.IGNORECASE)
_EXTENSION = re.compile(rf"(?:{'|'.join(map(re.escape, LOG_EXTENSIONS))})$", re.IGNORECASE)
_TIME = r"[T_ .-]?\d\d(?:[:.h-]?\d\d){0,2}(?:Z|[+-]\d\d:?\d\d)?(?:[.,_]\d+)?"
_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_EPOCH = r"1\d{9}(?:\d{3}){0,3}"
_DATED = re.compile(
    # 20261124, 2026-11-24T13-05-09.123, 2026-11, 261124, a Unix time alone or after the date,
    # Zeek's 13:00:00-14:00:00; other digits are those of a process, a tenant or a port.
    rf"(?:^|[-._])((?:{_YEAR}(?P<dash>[-._]?){_MONTH}(?:(?P=dash){_DAY})?|\d\d{_MONTH}{_DAY})"
    rf"(?:{_TIME}|[-._]{_EPOCH})?|{_EPOCH}"
    r"|\d\d[:.]\d\d[:.]\d\d-\d\d[:.]\d\d[:.]\d\d)$",
    re.ASCII,
)
_NUMBERED = re.compile(r"\.(\d{1,5})$", re.ASCII)


class LogName(NamedTuple):
    """A log file's name: the log that it belongs to, and its place among the log's rotations.

    `date` holds the digits of a dated rotation, `number` that of a numbered one. `is_infix` is set
    if they precede the extension: app.1.log. A live log has neither.
    """

    log: str
    date: str = ""
    number: int | None = None
    is_infix: bool = False
    is_compressed: bool = False

    @property
    def is_rotation(self) -> bool:
        """Whether the name is that of a rotated file."""
        return bool(self.date) or self.number is not None

    @property
    def has_log_extension(self) -> bool:
        """Whether the log has one of `LOG_EXTENSIONS`."""
        return _EXTENSION.search(self.log) is not None


def parse_log_name(name: str) -> LogName:
    """Parse the name of a log file, as logging libraries and logrotate name rotations.

    Examples are app.log.1, app.log.2.gz, app.log-20261124.zst, app.log.2026-11-24_13,
    app-2026-11-24.1.log, app-2026-11-24T13-05-09.123.log.gz, app.1.log.
    """
    plain = _COMPRESSED.sub("", name)
    log, date, number = _strip_marks(plain)
    extension = _EXTENSION.search(log)
    if extension is None:
        return LogName(log or plain, date, number, False, plain != name)
    stem, infix_date, infix_number = _strip_marks(log[: extension.start()])
    if infix_date or (infix_number is not None and number is None and not date):
        date, is_infix = infix_date or date, True
        log, number = stem + extension.group(), infix_number if number is None else number
    else:
        is_infix = False
    return LogName(log, date, number, is_infix, plain != name)


def order_by_age(name: LogName, has_live_log: bool) -> tuple[int, str, int, bool]:
    """Return the key that sorts the rotations of one log, oldest first, the live log last.

    Numbers grow with age, as logrotate and Python's handlers count, except after a date, and
    except before the extension if there is no live log (pino-roll writes to the highest number).
    """
    number = name.number or 0
    if name.date:
        return (0, name.date, number, not name.is_compressed)
    if name.number is not None:
        age = -number if has_live_log or not name.is_infix else number
        return (1, "", age, not name.is_compressed)
    return (2, "", 0, not name.is_compressed)


def _strip_marks(text: str) -> tuple[str, str, int | None]:
    """Split a rotation's date and number off the end of a name."""
    date = _DATED.search(text)
    number = None if date else _NUMBERED.search(text)
    if number:
        text = text[: number.start()]
        date = _DATED.search(text)
    digits = re.sub(r"\D", "", date.group(1)) if date else ""
    return text[: date.start()] if date else text, digits, int(number[1]) if number else None
