"""Process groups, file locks, free ports, atomic files and deadlines, for every package above."""
