"""Entries compiled from OSV records; published advisories agree with their listed versions."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from securenet_obs.detection.vulnerabilities.advisories.entries import Entry, compile_record
from securenet_obs.errors import AdvisoriesError, VersionError
from tests.detection.vulnerabilities.osv import HIGH, advisory, before

PUBLISHED = Path(__file__).parents[5] / "shared" / "data" / "advisories" / "PyPI" / "all.zip"

DISAGREEMENTS = {
    ("PYSEC-2021-114", "2.11.6"),
    ("PYSEC-2023-177", "23.9.0"),
    ("PYSEC-2023-177", "23.9.0.post1"),
    ("PYSEC-2023-61", "3.2a1"),
    ("PYSEC-2023-61", "3.2b1"),
    ("PYSEC-2023-61", "3.2rc1"),
    ("PYSEC-2023-61", "4.2a1"),
    ("PYSEC-2023-61", "4.2b1"),
    ("PYSEC-2023-61", "4.2rc1"),
}
"""Listed versions that the ranges of the same advisory do not contain."""

FIXED_AND_AFFECTED = {
    ("PYSEC-2021-114", "2.11.6"),
    ("PYSEC-2022-236", "3.1.1"),
    ("PYSEC-2022-42972", "0.13.0"),
    ("PYSEC-2023-177", "23.9.0"),
    ("PYSEC-2023-72", "3.1.1"),
    ("PYSEC-2023-72", "3.2.0"),
}
"""Fixed versions that the same advisory lists as affected, or introduces again."""

INVALID_BOUNDS = {("PYSEC-2019-125", "2019-09-12"), ("PYSEC-2021-371", "0.2.0-n653")}
"""Fixed versions that are not versions."""

needs_data = pytest.mark.skipif(
    not PUBLISHED.is_file(), reason="the advisories are not on this machine"
)


def entry_of(record: dict[str, Any]) -> Entry:
    """Return the entry of an advisory on one package."""
    (entry,) = compile_record(record).entries
    return entry


@pytest.fixture(scope="module")
def published() -> list[tuple[dict[str, Any], Entry]]:
    """Return the published advisories that are not withdrawn, with their entries."""
    with zipfile.ZipFile(PUBLISHED) as archive:
        records = [json.loads(archive.read(name)) for name in archive.namelist()]
    return [(row, entry_of(row)) for row in records if not row.get("withdrawn")]


@needs_data
def test_every_listed_version_is_found(published: list[tuple[dict[str, Any], Entry]]) -> None:
    """Each of 139,481 listed versions is affected, by a range but for nine and the invalid ones."""
    missed, outside, judged = set(), set(), 0
    for record, entry in published:
        for version in record["affected"][0].get("versions", ()):
            judged += 1
            pair = record["id"], version
            missed |= set() if entry.affects(version) else {pair}
            outside |= {pair} if entry.intervals and version in entry.listed else set()
    assert judged == 139_481
    assert missed == set()
    assert {pair for pair in outside if is_valid(pair[1])} == DISAGREEMENTS


@needs_data
def test_fixed_versions_are_not_found(published: list[tuple[dict[str, Any], Entry]]) -> None:
    """Fixed versions are free, but for those that the advisory itself contradicts."""
    affected, unjudged, judged = set(), set(), 0
    for record, entry in published:
        rows = record["affected"][0].get("ranges", ())
        events = [event for row in rows if row["type"] != "GIT" for event in row["events"]]
        for version in (event["fixed"] for event in events if "fixed" in event):
            judged += 1
            try:
                affected |= {(record["id"], version)} if entry.affects(version) else set()
            except VersionError:
                unjudged.add((record["id"], version))
    assert judged > 4_800
    assert affected == FIXED_AND_AFFECTED
    assert unjudged == INVALID_BOUNDS


def is_valid(version: str) -> bool:
    """Return whether a version is one by PEP 440."""
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


def test_listed_versions_within_a_range_are_not_kept() -> None:
    """Only versions outside of the ranges are compared one by one; all are known."""
    entry = entry_of(advisory("X", *before("2"), versions=["1.0", "2.5"]))
    assert (entry.listed, entry.known) == (["2.5"], ["1.0", "2.5", "2"])
    assert entry.affects("2.5.0")
    assert not entry.affects("2.5.1")


def test_parts_on_one_package_are_one_entry() -> None:
    """Several parts of an advisory on a package are judged together, at the highest severity."""
    record = advisory("X", *before("2"))
    other = advisory("X", *before("4", "3"))["affected"][0]
    other["severity"] = [{"type": "CVSS_V3", "score": HIGH}]
    record["affected"].append(other)
    entry = entry_of(record)
    assert [entry.affects(version) for version in ("1", "2", "3", "4")] == [True, False] * 2
    assert entry.severity.level == "high"


def test_a_semver_range_is_judged_by_semver() -> None:
    """The type of a range decides about the order, whatever the ecosystem."""
    entry = entry_of(advisory("X", *before("1.0.0"), kind="SEMVER", ecosystem="Packagist"))
    assert entry.affects("1.0.0-p1")
    assert not entry_of(advisory("X", *before("1.0.0"), ecosystem="Packagist")).affects("1.0.0-p1")


@pytest.mark.parametrize("record", [None, [], "X", {}, {"id": 7}])
def test_another_document_is_refused(record: object) -> None:
    """A document that is not an OSV record has no entries."""
    with pytest.raises(AdvisoriesError):
        compile_record(record)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "package": st.fixed_dictionaries(
            {"ecosystem": st.just("PyPI") | JSON, "name": st.just("a") | JSON}
        )
        | JSON,
        "versions": st.lists(JSON, max_size=3) | JSON,
        "ranges": st.lists(
            st.fixed_dictionaries(
                {"type": st.just("ECOSYSTEM") | JSON, "events": st.lists(JSON, max_size=3) | JSON}
            ),
            max_size=2,
        )
        | JSON,
        "severity": JSON,
    },
)


@settings(max_examples=50)
@given(st.lists(PARTS, max_size=2) | JSON, JSON, JSON)
def test_no_document_breaks_the_compiler(parts: Any, aliases: Any, severity: Any) -> None:
    """A record with any content has entries that judge a version, or refuse to."""
    record = {"id": "X", "affected": parts, "aliases": aliases, "severity": severity}
    for entry in compile_record(record).entries:
        try:
            entry.affects("1.0")
        except VersionError:
            assert entry.unjudged or entry.listed or entry.package.ecosystem != "PyPI"
