"""A counted log file in its row: the summary, and the compressed state that a replay changes."""

import zlib
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from securenet_obs.detection.network.counting.partial_json import as_json, from_json
from securenet_obs.detection.network.counting.partials import Partial
from securenet_obs.detection.network.summary import describe
from securenet_obs.store import LogFile


@dataclass
class CountedFile:
    """The content of a log file that is counted.

    Attributes:
        whole: its partial result, without the metrics of its minutes, which the store has.
        minutes: its minutes.
        full_minutes: number of its minutes that had no room for its bytes.
    """

    whole: Partial
    minutes: set[datetime]
    full_minutes: int = 0

    def write_to(self, file: LogFile, *, is_replayable: bool = True) -> None:
        """Store it in the file's row; the state only while items are in quarantine."""
        minutes = {"minutes": len(self.minutes), "full_minutes": self.full_minutes}
        file.result = {**describe(self.whole), **minutes}
        file.quarantined = self.whole.quarantined
        file.content = self._packed() if is_replayable and self.whole.quarantined else None

    def _packed(self) -> bytes:
        whole = as_json(replace(self.whole, minutes={}))
        minutes = [moment.isoformat() for moment in sorted(self.minutes)]
        return zlib.compress(orjson.dumps([whole, minutes, self.full_minutes]))


def read_counted(content: bytes) -> CountedFile:
    """Return a counted file from the state in its row."""
    whole, minutes, full_minutes = orjson.loads(zlib.decompress(content))
    return CountedFile(from_json(whole), set(map(datetime.fromisoformat, minutes)), full_minutes)
