"""Faults to inject into a stack: its parts, beat, clock, Redis states, signals, network proxy."""
