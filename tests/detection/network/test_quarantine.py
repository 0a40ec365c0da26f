"""Samples of quarantined items."""

from securenet_obs.detection.network.quarantine import SAMPLE_LENGTH, sample_of, sample_of_item

SECRET = "AKIA" + "Z7Q4M2X9K5W8B3N6"


def test_a_sample_is_redacted_before_it_is_cut() -> None:
    """A secret that the cut would leave half of is masked whole."""
    text = "x" * (SAMPLE_LENGTH - 30) + f" password={SECRET}{SECRET}\n"
    sample = sample_of(text.encode())
    assert len(sample) <= SAMPLE_LENGTH
    assert SECRET[:10] not in sample
    assert sample.startswith("x" * 100)


def test_any_item_has_a_sample() -> None:
    """An item is shown as JSON, bytes that are not text by a replacement."""
    assert sample_of_item({"password": SECRET, "n": 1}).endswith('"n":1}')
    assert SECRET not in sample_of_item({"password": SECRET})
    assert sample_of(b"\xff\n") == "\ufffd"
    assert sample_of_item({"a": 2**70}) == "dict"
