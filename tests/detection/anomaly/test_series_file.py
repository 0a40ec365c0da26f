"""Time series in CSV files."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.detection.anomaly.series_file import judge_file
from securenet_obs.errors import SeriesError

VALID = "timestamp,value"


def written(folder: Path, *rows: str, header: str = VALID) -> Path:
    """Return a CSV file of these rows."""
    file = folder / "series.csv"
    file.write_text("\n".join((header, *rows)) + "\n")
    return file


def ordinary(rows: int) -> list[str]:
    """Return rows, one a minute, of a value near 100."""
    return [f"2026-01-01 {row // 60:02}:{row % 60:02}:00,{100 + row % 7}" for row in range(rows)]


def test_each_row_has_a_point_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Timestamps stay as they are written; the spike is an anomaly with a reason."""
    points = judge_file(written(tmp_path, *ordinary(60), "2026-01-01T01:00:00Z,5000"))
    assert len(points) == 61
    assert points[0] == {
        "timestamp": "2026-01-01 00:00:00", "value": 100.0, "score": 0.0, "anomaly": False,
        "reason": "",
    }  # fmt: skip
    assert points[60]["timestamp"] == "2026-01-01T01:00:00Z"
    assert [point["anomaly"] for point in points] == [False] * 60 + [True]
    assert points[60]["reason"]


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.integers(0, 9) | st.sampled_from([500, 90_000]), min_size=2, max_size=80),
    data=st.data(),
)
def test_a_row_is_judged_from_the_rows_before_it(
    tmp_path_factory: pytest.TempPathFactory, values: list[int], data: st.DataObject
) -> None:
    """A file that is cut off at any row has the same points up to there."""
    folder = tmp_path_factory.mktemp("cut")
    rows = [f"{1_767_225_600 + 3600 * row},{value}" for row, value in enumerate(values)]
    whole = judge_file(written(folder, *rows))
    cut = data.draw(st.integers(1, len(rows)))
    assert judge_file(written(folder, *rows[:cut])) == whole[:cut]


def test_columns_have_the_given_names(tmp_path: Path) -> None:
    """Further columns are ignored."""
    file = written(tmp_path, "x,7,1767225600", header="host,requests,at")
    assert judge_file(file, "at", "requests")[0]["value"] == 7


def test_a_missing_value_is_a_point_with_a_reason(tmp_path: Path) -> None:
    """An empty field, NaN, infinity and a row without the field have no value."""
    rows = ("2026-01-01,", "2026-01-02,NaN", "2026-01-03,inf", "2026-01-04")
    points = judge_file(written(tmp_path, *rows))
    assert [point["value"] for point in points] == [None] * 4
    assert {point["reason"] for point in points} == {"no value"}


def test_repeated_and_earlier_timestamps_keep_their_rows(tmp_path: Path) -> None:
    """Rows out of order are judged in the order of the file."""
    rows = ["2026-01-01T01:00,1", "2026-01-01T01:00,2", "2026-01-01T00:30,3"]
    assert [point["value"] for point in judge_file(written(tmp_path, *rows))] == [1, 2, 3]


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["2026-01-01,1", "noon,2"], VALID, "line 3, column timestamp: 'noon' is not a time"),
        (["2026-01-01,1", "2026-01-02,a"], VALID, "line 3, column value: 'a' is not a number"),
        (["1,1"], "timestamp,vale", "no column 'value'; its columns are: timestamp, vale. Did you"),
        ([], "", "no column 'timestamp'; its columns are: none"),
        (["2026-01-01;1"], "timestamp;value", "timestamp;value. Separate columns by commas."),
        (["2026-01-01,1,5"], VALID, "line 2: it has more fields than the header has columns"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_place(
    tmp_path: Path, rows: list[str], header: str, message: str
) -> None:
    """The message has the line, the column and the text."""
    with pytest.raises(SeriesError) as caught:
        judge_file(written(tmp_path, *rows, header=header))
    assert message in str(caught.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are named as such."""
    file = tmp_path / "series.csv"
    file.write_bytes(b"timestamp,value\n\xff\xfe,1\n")
    with pytest.raises(SeriesError, match="not a CSV file in UTF-8"):
        judge_file(file)
