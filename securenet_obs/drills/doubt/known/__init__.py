"""Known faults of a local stack, one module for each subject of the validations."""
