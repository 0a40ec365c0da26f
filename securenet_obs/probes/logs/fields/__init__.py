"""Times and levels of log records: parsed from any common spelling, misspelt ones described."""
