"""Comparison of a failing run with its last green run: facts, history, ranked differences."""
