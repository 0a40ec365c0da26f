"""Process groups, file locks, free ports, atomic files and deadlines, shared by all above it."""
