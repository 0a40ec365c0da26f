"""Summaries of log files."""

from pathlib import Path

from securenet_obs.detection.network.summary import summarise
from tests.detection.network.recorded import DATA, needs_recorded_logs


def test_files_are_counted_together(tmp_path: Path) -> None:
    """Counts add up over files; the quarantine names the file and its line."""
    (tmp_path / "a.log").write_text('{"src_ip": "10.0.0.1", "ts": 1600000000, "bytes_sent": 7}\n\n')
    (tmp_path / "b.log").write_text('bad\n{"x": 1, "y": 2}\n')
    names = [str(tmp_path / "a.log"), str(tmp_path / "b.log")]
    found = summarise(names)
    counts = [found[name] for name in ("lines", "records", "quarantined", "blank", "untimed")]
    assert (found["files"], counts) == (names, [4, 2, 1, 1, 1])
    assert found["first"] == found["last"] == "2020-09-13T12:26:40+00:00"
    assert found["log_types"] == {"flow": 1, "json": 1}
    assert found["unknown_shapes"] == [{"names": "x, y", "count": 1}]
    assert found["top_talkers"] == [{"address": "10.0.0.1", "events": 1, "bytes_sent": 7}]
    assert (found["reasons"], found["metrics"]["peers"]) == ({"not JSON": 1}, 1)
    (item,) = found["quarantine"]
    assert (item["file"], item["line"], item["sample"]) == (names[1], 1, "bad")


@needs_recorded_logs
def test_a_recorded_log_is_summarised() -> None:
    """The counts of a Zeek log of the Wireshark era, as Zeek's own tools have them."""
    found = summarise([str(DATA / "netlogs" / "vast" / "zeek_tsv_conn.log.gz")])
    assert (found["records"], found["blank"], found["log_types"]) == (8462, 9, {"zeek.conn": 8462})
    assert found["first"].startswith("2009-11-18T08:00:03.914398")
    assert found["metrics"]["octets"] == 574_278_739
