"""Error events: captured, converted, completed with ids and runbook, grouped, masked."""
