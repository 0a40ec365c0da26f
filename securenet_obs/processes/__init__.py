"""Process groups, descendants, file locks, free ports and deadlines, shared by all above it."""
