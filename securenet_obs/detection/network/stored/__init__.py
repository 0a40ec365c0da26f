"""Network logs in the store: minutes, quarantine, and files that are read by ranges."""
