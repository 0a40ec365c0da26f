"""Mapping to the Elastic Common Schema: the table, its conversions, and a plan for each shape."""
