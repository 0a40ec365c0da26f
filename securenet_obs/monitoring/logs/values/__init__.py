"""Conversion of any value to types of strict JSON."""
