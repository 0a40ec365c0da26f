"""Families of Prometheus from the shared sums: counters, and cumulative histograms."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from securenet_obs.monitoring.metrics.definitions import DEFINITIONS, Definition
from securenet_obs.monitoring.metrics.tally import COUNTER, INFINITE, SUM, Sample

_Labels = tuple[str, ...]


def build_families(samples: Mapping[Sample, float]) -> Iterator[Metric]:
    """Yield a family for each defined metric, also one without samples yet."""
    parts: dict[str, dict[_Labels, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for (name, part, *labels), value in samples.items():
        parts[name][tuple(labels)][part] = value
    for definition in DEFINITIONS.values():
        build = _build_histogram if definition.buckets else _build_counter
        yield build(definition, parts[definition.name])


def _build_counter(definition: Definition, series: Mapping[_Labels, Mapping[str, float]]) -> Metric:
    family = CounterMetricFamily(definition.name, definition.text, labels=definition.labels)
    for labels, parts in sorted(series.items()):
        family.add_metric(labels, parts[COUNTER])
    return family


def _build_histogram(
    definition: Definition, series: Mapping[_Labels, Mapping[str, float]]
) -> Metric:
    family = HistogramMetricFamily(definition.name, definition.text, labels=definition.labels)
    for labels, parts in sorted(series.items()):
        count, buckets = 0.0, []
        for bound in (*map(str, definition.buckets), INFINITE):
            count += parts.get(bound, 0.0)
            buckets.append((bound, count))
        family.add_metric(labels, buckets, sum_value=parts.get(SUM, 0.0))
    return family
