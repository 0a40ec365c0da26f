"""Log lines, read back from files, judged and searched."""
