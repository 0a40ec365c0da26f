"""Vulnerabilities in the store: inventories, advisories, waivers, scans, findings over time."""
