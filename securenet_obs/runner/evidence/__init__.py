"""The evidence of a command: its folder, masked files, pages, JUnit and manifest."""
