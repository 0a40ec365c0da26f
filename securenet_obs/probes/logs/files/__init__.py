"""Log files: their search, rotations, compression, order of reading, and batches of lines."""
