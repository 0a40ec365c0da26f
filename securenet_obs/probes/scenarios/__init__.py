"""Probes of single scenarios: tracing, leaks and sinks, tenants, schedule, samples, drills."""
