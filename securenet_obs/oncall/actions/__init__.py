"""Actions on a target: a dry run first, the confirmed change, its undo."""
