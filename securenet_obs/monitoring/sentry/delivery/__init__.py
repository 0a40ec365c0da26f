"""Delivery of events: size limits, transport, child processes, and the flush at exit."""
