"""Faults of the incidents: each is injected for a block, and leaves the stack whole."""
