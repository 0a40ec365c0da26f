"""Process groups, descendants and their guard; file locks, ports, atomic files and deadlines."""
