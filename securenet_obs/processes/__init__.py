"""Process groups, descendants, file locks, free ports and polling, shared by all above it."""
