"""The store, read back with SQL of its own: minutes, quarantined records, findings."""
