"""Notebooks as documents: search, reading, repair, metadata, needs, parameters and preparation."""
