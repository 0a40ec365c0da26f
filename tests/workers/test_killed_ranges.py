"""Log files that workers count by ranges, with processes that are killed at the worst moments."""

import random
from pathlib import Path

import pytest

from securenet_obs.detection.network.readers.entries import WHOLE
from securenet_obs.detection.network.readers.ranges import ranges_at
from tests.benchmarks.killed_ranges import CHILD, COUNTED, STORED
from tests.benchmarks.ranged import count, workers
from tests.detection.network.counting.test_partials import log_of


@pytest.mark.slow
def test_killed_processes_change_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    """Each range twice, in any order, by two workers: the bytes are those of the whole file.

    `python tests/benchmarks/bench_ranges.py` kills whole workers, too.
    """
    path = tmp_path / "log"
    path.write_bytes(log_of(random.Random(5), 400))
    address = environment["REDIS_URL"].rsplit("/", 1)[0]
    variables = {**environment, "REDIS_URL": f"{address}/12", "RESULT_URL": f"{address}/13"}
    cuts = sorted(random.Random(6).sample(range(1, path.stat().st_size), 6))
    parts = list(ranges_at(path.read_bytes(), cuts))
    with workers(variables, tmp_path / "workers", 2) as running:
        whole = count(running, "whole-by-workers", path, [WHOLE], seed=1, times=2)
        for point, part in ((STORED, parts[0]), (COUNTED, parts[3]), (STORED, parts[6])):
            Path(tmp_path, "workers", "kills", f"{point}-{CHILD}-{part.start}").touch()
        divided = count(running, "killed-by-ranges", path, parts, seed=2, times=2)
    assert divided.killed == 3
    assert divided.answer == whole.answer
    assert b"datetime" in divided.answer
