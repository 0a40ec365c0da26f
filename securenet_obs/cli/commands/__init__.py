"""The commands, one module per group: arguments in, calls of other packages, exit code out."""
