"""Metrics by columns, compared with those of records one by one."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.counting import analysis
from securenet_obs.detection.network.counting.analysis import analyse_blocks
from securenet_obs.detection.network.counting.columns import NotUniformError, map_columns
from tests.detection.network.counting.test_partials import written
from tests.detection.network.readers.test_streams import blocks
from tests.detection.network.recorded import content, needs_recorded_logs, recorded_logs
from tests.detection.network.test_records import SURICATA, VPC_FLOW, ZEEK
from tests.searching import examples

DNS = {"timestamp": "2020-01-01T00:00:00Z", "event_type": "dns", "dns": {"rcode": "NXDOMAIN"}}
BASES = st.sampled_from([ZEEK, SURICATA, VPC_FLOW, DNS])
VALUES = st.sampled_from(
    ["10.0.0.1", "::1", "text", "-", "", 7, 2**53, -1, 1.5, 1.6e9, True, None, [], {}, {"age": 1},
     "2020-01-01T00:00:00Z", "2020-01-01 00:00:00", "2020-01-01T00:00:00+0200", 1577836859.9999996,
     "2020-01-01T00:00:59.9999999Z", "2020-01-01T00:00:45+00:00:30", 1577836800,
     1577836860000, "alert", "flow",
     "REJECT", "S0", "NOERROR", {"severity": 1}, {"bytes_toserver": 5}]
)  # fmt: skip


def both_ways(data: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, bytes]:
    """Return the result by columns, and that of the records one by one."""
    results = []
    for least in (1, 10**9):
        with monkeypatch.context() as patched:
            patched.setattr(analysis, "_MIN_COLUMN", least)
            results.append(written(analyse_blocks(blocks(data), "log", by_minute=True)))
    return results[0], results[1]


@examples(150)
@given(
    BASES,
    st.lists(
        st.dictionaries(st.sampled_from([*ZEEK, *SURICATA, *VPC_FLOW]), VALUES, max_size=2),
        min_size=1,
        max_size=4,
    ),
)
def test_columns_have_the_result_of_single_records(
    base: dict[str, Any], changes: list[dict[str, Any]]
) -> None:
    """Whatever the values are, the partial results have the same bytes."""
    items = [{**base, **change} for change in changes]
    with pytest.MonkeyPatch.context() as monkeypatch:
        by_columns, one_by_one = both_ways(b"\n".join(map(orjson.dumps, items)), monkeypatch)
    assert by_columns == one_by_one


@needs_recorded_logs
@pytest.mark.parametrize("path", recorded_logs(), ids=lambda path: path.name)
def test_recorded_logs_have_the_same_result(path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand lines of each recorded log."""
    lines = content(path) if not path.name.endswith("corrupt.gz") else b""
    data = b"\n".join(lines.split(b"\n")[:1000])
    by_columns, one_by_one = both_ways(data, monkeypatch)
    assert by_columns == one_by_one


def test_ordinary_records_are_mapped_by_columns() -> None:
    """Records that differ in their values alone do not take the slow way."""
    for base in (ZEEK, SURICATA, VPC_FLOW):
        ((mapper, places),) = analysis.metrics_normaliser().divide([base] * 3)
        assert mapper is not None
        assert list(places) == [0, 1, 2]
        found = map_columns(mapper, [base] * 3)
        assert len(found.columns["source.ip"]) == 3
    mixed = [ZEEK, ZEEK | {"orig_bytes": "7"}]
    ((mapper, _),) = analysis.metrics_normaliser().divide(mixed)
    assert mapper is not None
    with pytest.raises(NotUniformError):
        map_columns(mapper, mixed)
