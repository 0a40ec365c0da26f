"""Metrics of processes: counted in each, summed in Redis, read as families of Prometheus."""
