"""Delivery of events: size limits, field types, transport, child processes, flush at exit."""
