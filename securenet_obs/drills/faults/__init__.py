"""Faults to inject into a stack: parts, beat, clock, Redis states, suspension, signals, proxy."""
