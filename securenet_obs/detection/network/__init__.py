"""Network logs: readers, common records in ECS, metrics by minute, quarantine, partial results."""
