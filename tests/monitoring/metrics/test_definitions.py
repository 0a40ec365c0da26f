"""The defined metrics: conventions of their names, and no label of a tenant."""

from securenet_obs.monitoring.metrics.definitions import DEFINITIONS


def test_names_follow_the_conventions() -> None:
    """A histogram has its unit as a suffix; `_total` is added to a counter in the exposition."""
    for name, definition in DEFINITIONS.items():
        assert name.startswith("securenet_")
        assert not name.endswith("_total")
        assert name.endswith("_seconds") == bool(definition.buckets)
        assert list(definition.buckets) == sorted(definition.buckets)


def test_no_label_is_a_tenant() -> None:
    """Their number is not bounded, and their names are not for a scraper."""
    labels = {label for definition in DEFINITIONS.values() for label in definition.labels}
    assert labels == {"task", "state", "service", "category", "reason"}
