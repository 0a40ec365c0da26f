"""Entries as JSON text."""

import pytest

from securenet_obs.detection.vulnerabilities.advisories.coding import (
    decode_entry,
    digest_entry,
    encode_entry,
)
from securenet_obs.detection.vulnerabilities.advisories.entries import compile_record
from tests.detection.vulnerabilities.osv import HIGH, advisory, before


@pytest.mark.parametrize(
    "record",
    [
        advisory("A-1", *before("2"), aliases=["CVE-1"], vector=HIGH, summary="Überlauf"),
        advisory("A-2", {"introduced": "1"}, {"last_affected": "1.4"}, versions=["1.5", "1.2"]),
        advisory("A-3", {"introduced": "0"}, kind="GIT"),
    ],
)
def test_a_decoded_entry_is_the_same(record: dict[str, object]) -> None:
    """Only the known versions, which a scan reads on demand, are left out."""
    (entry,) = compile_record(record).entries
    encoded = encode_entry(entry)
    digest = digest_entry(encoded, "[]")
    entry.known = []
    assert decode_entry(entry.package, encoded) == entry
    assert digest != digest_entry(encoded, '["1"]')
