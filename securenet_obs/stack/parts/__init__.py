"""The parts of the local stack, one file each, and the readiness of each."""
