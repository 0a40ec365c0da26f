"""Probes that serve a single notebook each: tracing, leaks, tenants, schedule, samples, drills."""
