"""Faults of a stack, each undone at its end: of parts, beat and clock, by signals and a proxy."""
