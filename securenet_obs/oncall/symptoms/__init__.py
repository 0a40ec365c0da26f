"""One module for each runbook: reads the target, names the rows that apply, verifies the repair."""
