import pytest

from securenet_obs.probes import find_bad_versions


@pytest.mark.parametrize(("version", "count"), [("5.6.2", 0), ("5.7.0", 1), ("5.7.1", 1)])
def test_bad_versions_are_reported_with_a_reason(version: str, count: int) -> None:
    """Versions that are not in the list are not reported."""
    assert len(find_bad_versions({"kombu": version, "another": "1"})) == count
