"""The relay in front of Bugsink: forwards requests, stores and serves items that Bugsink drops."""
